import Foundation
import LiteDB
import LiteJobs
import LiteStackTesting
import Logging
import Testing

/// The disk fails: the kernel says EIO to writes to the WAL. A worker ends with the error, since nobody knows what else the
/// disk has lost; nothing that was acknowledged is lost, and nothing of the database is done twice.
@Suite(.timeLimit(.minutes(5))) struct IOErrorTests {
    private func isOfTheDisk(_ error: any Error) -> Bool {
        [.io, .failed, .outcomeUnknown].contains((error as? DatabaseError)?.code)
    }

    /// Runs jobs until all of them have begun, and lets them end on a disk that fails.
    ///
    /// - Parameter count: So many writes fail.
    /// - Returns: What the worker said when it ended.
    private func runIntoFailure(_ jobs: JobQueue, _ database: Database, count: Int32) async throws -> any Error {
        let (started, mayEnd) = (TestSignal(), TestSignal())
        let worker = jobs.worker { handlers in
            handlers.handle(Note.self) { note, context in
                started.send()
                // One heeds its cancellation, the others have all they need.
                guard note.text != "long" else { return try await TestSignal().wait(within: .seconds(60)) }
                try await mayEnd.wait(within: .seconds(60))
                guard note.text == "complete" else { return }
                try await context.complete { transaction in
                    try transaction.execute("INSERT INTO ledger (job) VALUES (\(context.id.rawValue))")
                }
            }
        }
        let ended = TestSignal()
        let run = Task {
            defer { ended.send() }
            try await worker.run()
        }
        // Whatever fails here, it ends.
        defer { run.cancel() }
        try await started.wait(count: 4)
        try await eventually("the beginnings are noted") {
            try await jobs.jobs(where: JobFilter()).count { $0.startedAt != nil } == 4
        }
        let disk = FailingDisk(under: database, error: EIO, count: count)
        defer { disk.mend() }
        mayEnd.send()
        try await ended.wait(within: .seconds(45))
        do {
            try await run.value
        } catch {
            #expect(disk.failureCount > 0)
            return error
        }
        throw Broken(description: "the worker has not noticed")
    }

    private func withQueue(
        _ durability: Database.Durability, _ texts: [String], _ body: (JobQueue, Database, [JobID]) async throws -> Void
    ) async throws {
        var settings = Database.Configuration()
        settings.durability = durability
        try await withTemporaryDatabase(settings) { database in
            try await database.execute("CREATE TABLE ledger (job INTEGER NOT NULL) STRICT")
            let jobs = try await JobQueue(database, logger: silent)
            let ids = try await jobs.enqueue(contentsOf: texts.map { Note(text: $0) }).map(\.id)
            try await body(jobs, database, ids)
        }
    }

    /// What is left runs, and what was done is there once.
    private func finish(_ jobs: JobQueue, _ database: Database, _ ids: [JobID]) async throws {
        let worker = jobs.worker { handlers in
            handlers.handle(Note.self) { note, context in
                guard note.text == "complete" else { return }
                try await context.complete { transaction in
                    try transaction.execute("INSERT INTO ledger (job) VALUES (\(context.id.rawValue))")
                }
            }
        }
        try await running(worker) {
            for id in ids { _ = try await jobs.job(id, reaches: .completed) }
        }
        let done = try database.read { snapshot in try snapshot.all("SELECT job FROM ledger", as: Int64.self) }
        var wanted: [Int64] = []
        for id in ids {
            let job = try #require(try await jobs.job(id))
            if job.state == .completed, try job.decode(Note.self).text == "complete" { wanted.append(id.rawValue) }
        }
        #expect(done == wanted)
        let workerCount = try await jobs.statistics().workerCount
        #expect(workerCount == 0)
    }

    @Test func `a write that the disk fails ends the worker, which records the rest`() async throws {
        try await withQueue(.normal, ["long", "plain", "plain", "plain"]) { jobs, database, ids in
            let error = try await runIntoFailure(jobs, database, count: 1)
            #expect(isOfTheDisk(error), "\(error)")
            for id in ids {
                let job = try #require(try await jobs.job(id))
                #expect(job.state != .running && job.crashCount == 0, "\(job)")
            }
            // It was cancelled, which costs no attempt.
            let long = try #require(try await jobs.job(ids[0]))
            #expect(long.state == .available && long.attempt == 0)
            try await finish(jobs, database, ids)
        }
    }

    @Test(arguments: [Database.Durability.full, .normal])
    func `a disk that fails for good ends the worker, and its jobs run again when the file is opened again`(
        durability: Database.Durability
    ) async throws {
        try await withQueue(durability, ["long", "complete", "plain", "plain"]) { jobs, database, ids in
            let error = try await runIntoFailure(jobs, database, count: .max)
            #expect(isOfTheDisk(error), "\(error)")
            // Reading goes on, and says what the file knows.
            for id in ids { #expect(try await jobs.job(id)?.state == .running) }
            await #expect { try await jobs.enqueue(Note()) } throws: { isOfTheDisk($0) }
            let path = database.path
            await database.close()
            let again = try await Database.open(at: path)
            let mended = try await JobQueue(again, logger: silent)
            try await finish(mended, again, ids)
            for id in ids {
                let job = try #require(try await mended.job(id))
                #expect(job.state == .completed && job.attempt == 2 && job.crashCount == 1, "\(job)")
            }
            await again.close()
        }
    }
}
