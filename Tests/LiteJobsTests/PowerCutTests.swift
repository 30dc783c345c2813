import CLiteStackFaults
import Foundation
import LiteDB
import LiteJobs
import LiteStackTesting
import Testing

/// What a power cut leaves of a claim, which is not made durable, and of the completion after it, which is.
///
/// An image is the file as the disk may have it after the cut: what was fsynced is there, of what was written since any
/// part can be.
@Suite(.timeLimit(.minutes(5))) struct PowerCutTests {
    /// The WAL at the moments that matter, by its length, and how often it was fsynced in between.
    private struct Story {
        var enqueued = 0
        var claimed = 0
        var completed = 0
        var syncsOfClaim = 0
        var syncsOfCompletion = 0
        var folder = ""
    }

    private let time = TestTime()

    /// Lets a job be enqueued, claimed and completed with its effect; `body` sees the files as they were then.
    private func withStory(_ body: (Story) async throws -> Void) async throws {
        var settings = Database.Configuration()
        settings.durability = .full
        try await withTemporaryDatabase(settings) { database in
            let jobs = try await JobQueue(database, configuration: time.configuration, logger: silent)
            try await database.execute("CREATE TABLE ledger (job INTEGER NOT NULL) STRICT")
            let (started, mayEnd) = (TestSignal(), TestSignal())
            let worker = ledgerWorker(jobs, started, mayEnd)
            let wal = database.path + "-wal"
            var story = Story()
            try await running(worker) {
                // The worker has registered by then, and is at rest.
                mayEnd.send()
                _ = try await jobs.job(try await jobs.enqueue(Note(text: "first")), reaches: .completed)
                let id = try await jobs.enqueue(Note(), delay: .seconds(60)).id
                story.enqueued = try length(of: wal)
                let syncs = litestack_fault_arm(
                    Int32(LITESTACK_FAULT_FDATASYNC.rawValue), wal, 0, .max, 0)  // counts them, and lets them be
                defer { litestack_fault_disarm(syncs) }
                try await time.advance(by: .seconds(61))
                try await started.wait(count: 2)
                try await eventually("the claim is there") { try await jobs.job(id)?.state == .running }
                story.claimed = try length(of: wal)
                story.syncsOfClaim = Int(litestack_fault_hits(syncs))
                mayEnd.send()
                _ = try await jobs.job(id, reaches: .completed)
                story.syncsOfCompletion = Int(litestack_fault_hits(syncs)) - story.syncsOfClaim
                story.completed = try length(of: wal)
                story.folder = database.directory + "/copy"
                try copyFiles(of: database, to: story.folder)
            }
            try await body(story)
        }
    }

    private func ledgerWorker(_ jobs: JobQueue, _ started: TestSignal, _ mayEnd: TestSignal) -> Worker {
        jobs.worker { handlers in
            handlers.handle(Note.self) { note, context in
                started.send()
                try await mayEnd.wait(count: note.text == "first" ? 1 : 2, within: .seconds(60))
                let id = context.id.rawValue
                try await context.complete { transaction in
                    try transaction.execute("INSERT INTO ledger (job) VALUES (\(id))")
                }
            }
        }
    }

    @Test func `a claim is lost or kept, and what was completed is there once`() async throws {
        try await withStory { story in
            #expect(story.enqueued < story.claimed && story.claimed < story.completed)
            #expect(story.syncsOfClaim == 0)
            #expect(story.syncsOfCompletion >= 1)
            let (claim, completion) = (story.claimed - story.enqueued, story.completed - story.claimed)
            // Before the completion was fsynced: nothing of it, a part, all of it.
            for length in [
                story.enqueued, story.enqueued + claim / 2, story.claimed, story.claimed + completion / 2,
            ] {
                let found = try await image(of: story) { $0.prefix(length) }
                #expect([.scheduled, .running].contains(found.state))
                #expect(found.effects == 1)
            }
            // The completion's part was written, and not the claim's before it.
            let torn = try await image(of: story) { wal in
                wal.prefix(story.enqueued) + Data(count: claim) + wal.dropFirst(story.claimed)
            }
            #expect(torn.state == .scheduled)
            #expect(torn.effects == 1)
            // After it was fsynced: the claim with it.
            let whole = try await image(of: story) { $0.prefix(story.completed) }
            #expect(whole.state == .completed)
            #expect(whole.effects == 1)
        }
    }

    /// Opens an image with such a WAL.
    ///
    /// - Returns: The last job's state as it was found, and its effects after a worker did what was left.
    private func image(of story: Story, _ cut: (Data) -> Data) async throws -> (state: JobRecord.State, effects: Int) {
        try await withTemporaryDirectory { folder in
            let copy = folder + "/image"
            try FileManager.default.copyItem(atPath: story.folder, toPath: copy)
            let path = copy + "/test.sqlite3"
            let wal = URL(filePath: path + "-wal")
            try cut(try Data(contentsOf: wal)).write(to: wal)
            let database = try await Database.open(at: path)
            let jobs = try await JobQueue(database, configuration: time.configuration, logger: silent)
            let last = try #require(try await jobs.jobs(where: JobFilter()).first)
            let (started, mayEnd) = (TestSignal(), TestSignal())
            mayEnd.send()
            mayEnd.send()
            try await ledgerWorker(jobs, started, mayEnd).runUntilIdle()
            #expect(try await jobs.job(last.id)?.state == .completed)
            let count = try database.read { snapshot in
                try snapshot.first("SELECT count(*) FROM ledger WHERE job = \(last.id.rawValue)", as: Int.self)
            }
            await database.close()
            return (last.state, count ?? 0)
        }
    }

    private func length(of path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    }

    /// The file with its WAL, and the locks, whose owner is dead after a power cut.
    private func copyFiles(of database: Database, to folder: String) throws {
        let files = FileManager.default
        try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for end in ["", "-wal"] {
            try files.copyItem(atPath: database.path + end, toPath: folder + "/test.sqlite3" + end)
        }
        try files.copyItem(atPath: database.runDirectory, toPath: folder + "/run")
    }
}
