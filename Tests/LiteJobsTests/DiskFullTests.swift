import LiteDB
import LiteJobs
import LiteStackTesting
import Logging
import ServiceLifecycle
import Synchronization
import Testing

/// The disk is full: the kernel says so to each write to the WAL. Nothing that was acknowledged is lost, nothing is done
/// twice, and workers go on when there is room.
@Suite(.timeLimit(.minutes(5))) struct DiskFullTests {
    /// Runs `body` with a queue, and what is logged.
    private func withQueue(
        _ configuration: JobQueue.Configuration = .init(), durability: Database.Durability = .normal,
        _ body: (JobQueue, Database, RecordingLog) async throws -> Void
    ) async throws {
        let log = RecordingLog()
        var settings = Database.Configuration()
        settings.durability = durability
        try await withTemporaryDatabase(settings) { database in
            let jobs = try await JobQueue(
                database, configuration: configuration, logger: log.logger)
            try await body(jobs, database, log)
        }
    }

    private func isDiskFull(_ error: any Error) -> Bool { (error as? DatabaseError)?.code == .diskFull }

    @Test(arguments: [Database.Durability.full, .normal])
    func `enqueueing says that the disk is full, and stores what it can store later`(
        durability: Database.Durability
    ) async throws {
        try await withQueue(durability: durability) { jobs, database, _ in
            let before = try await jobs.enqueue(Note(text: "before"))
            let disk = FailingDisk(under: database)
            await #expect { try await jobs.enqueue(Note(text: "lost")) } throws: { isDiskFull($0) }
            await #expect { try await jobs.enqueue(contentsOf: [Note(text: "lost"), Note(text: "lost")]) } throws: {
                isDiskFull($0)
            }
            await #expect { try await jobs.enqueue(Note(text: "lost"), unique: .arguments()) } throws: {
                isDiskFull($0)
            }
            await #expect {
                try await database.write { transaction in
                    try jobs.enqueue(Note(text: "lost"), in: transaction)
                    return
                }
            } throws: {
                isDiskFull($0)
            }
            // What was acknowledged is there, and can be read.
            #expect(try await jobs.jobs(where: JobFilter()).map(\.id) == [before.id])
            #expect(disk.mend() >= 4)
            let after = try await jobs.enqueue(Note(text: "after"))
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await worker.runUntilIdle()
            #expect(try await jobs.jobs(where: JobFilter()).map(\.id) == [after.id, before.id])
            #expect(try await jobs.statistics().count(.completed) == 2)
        }
    }

    @Test(arguments: [Database.Durability.full, .normal])
    func `what handlers came to while the disk was full is recorded once when there is room`(
        durability: Database.Durability
    ) async throws {
        try await withQueue(durability: durability) { jobs, database, log in
            let ids = try await jobs.enqueue(contentsOf: (0..<12).map { Note(text: "\($0)") }).map(\.id)
            let (runs, started, mayEnd) = (Runs(), TestSignal(), TestSignal())
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { note, _ in
                    runs.add(note.text)
                    started.send()
                    try await mayEnd.wait(within: .seconds(60))
                    // One of them fails: its error must be kept as well.
                    if note.text == "1", runs.count(of: "1") == 1 { throw Retry(after: .zero) }
                }
            }
            try await running(worker) {
                try await started.wait(count: 4)
                try await eventually("the beginnings are noted") {
                    try await jobs.jobs(where: JobFilter()).count { $0.startedAt != nil } == 4
                }
                let disk = FailingDisk(under: database)
                mayEnd.send()
                // It tries again and again, and says so once.
                try await eventually("some tries") { disk.failureCount >= 6 }
                #expect(log.count(of: "cannot write to its queue") == 1)
                #expect(try await jobs.statistics().count(.completed) == 0)
                #expect(runs.total == 4)
                disk.mend()
                for id in ids { _ = try await jobs.job(id, reaches: .completed) }
            }
            for id in ids {
                let job = try #require(try await jobs.job(id))
                #expect(job.attempt == (id == ids[1] ? 2 : 1))
                #expect(job.crashCount == 0)
                #expect(job.errors.count == (id == ids[1] ? 1 : 0))
            }
            #expect(runs.total == 13)
            #expect(log.count(of: "can write to its queue again") == 1)
            #expect(log.count(of: "no longer this worker's") == 0)
        }
    }

    @Test func `a worker that finds no room to claim waits, and starts nothing that is not noted`() async throws {
        let time = TestTime()
        try await withQueue(time.configuration) { jobs, database, log in
            let id = try await jobs.enqueue(Note(), delay: .seconds(60)).id
            let runs = Runs()
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { note, _ in runs.add(note.text) } }
            try await running(worker) {
                // Something to do first, so that it is registered and at rest.
                _ = try await jobs.job(try await jobs.enqueue(Note(text: "first")), reaches: .completed)
                let disk = FailingDisk(under: database)
                try await time.advance(by: .seconds(61))
                try await eventually("some tries") { disk.failureCount >= 3 }
                #expect(runs.total == 1)
                #expect(try await jobs.job(id)?.attempt == 0)
                disk.mend()
                _ = try await jobs.job(id, reaches: .completed)
            }
            #expect(runs.total == 2)
            #expect(try await jobs.job(id)?.attempt == 1)
            #expect(log.count(of: "cannot write to its queue") == 1)
        }
    }

    @Test func `a worker that starts while the disk is full begins when there is room`() async throws {
        try await withQueue { jobs, database, log in
            let id = try await jobs.enqueue(Note()).id
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            let disk = FailingDisk(under: database)
            try await running(worker) {
                try await eventually("some tries") { disk.failureCount >= 3 }
                #expect(log.count(of: "cannot write to its queue") == 1)
                disk.mend()
                _ = try await jobs.job(id, reaches: .completed)
            }
        }
    }

    @Test func `a worker that is told to stop before there was room ends`() async throws {
        try await withQueue { jobs, database, _ in
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            let disk = FailingDisk(under: database)
            defer { disk.mend() }
            try await running(worker) { try await eventually("a try") { disk.failureCount >= 1 } }
        }
    }

    @Test func `a worker that stops while the disk is full records what it has done when there is room`() async throws {
        try await withQueue { jobs, database, _ in
            let ids = try await jobs.enqueue(contentsOf: (0..<4).map { Note(text: "\($0)") }).map(\.id)
            let (started, mayEnd) = (TestSignal(), TestSignal())
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, _ in
                    started.send()
                    try await mayEnd.wait(within: .seconds(60))
                }
            }
            let group = group(worker)
            let run = Task { try await group.run() }
            try await started.wait(count: 4)
            try await eventually("the beginnings are noted") {
                try await jobs.jobs(where: JobFilter()).count { $0.startedAt != nil } == 4
            }
            let disk = FailingDisk(under: database)
            await group.triggerGracefulShutdown()
            mayEnd.send()
            try await eventually("some tries") { disk.failureCount >= 3 }
            disk.mend()
            try await run.value
            for id in ids {
                let job = try #require(try await jobs.job(id))
                #expect(job.state == .completed && job.attempt == 1)
            }
        }
    }

    @Test func `a handler that completes its job on a full disk is told, and its job runs again`() async throws {
        try await withQueue { jobs, database, _ in
            try await database.execute("CREATE TABLE ledger (entry TEXT NOT NULL) STRICT")
            let (started, mayEnd, failed) = (TestSignal(), TestSignal(), TestSignal())
            let id = try await jobs.enqueue(Note()).id
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, context in
                    started.send()
                    try await mayEnd.wait(within: .seconds(60))
                    do {
                        try await context.complete { transaction in
                            try transaction.execute("INSERT INTO ledger (entry) VALUES ('done')")
                        }
                    } catch let error as DatabaseError where error.code == .diskFull {
                        failed.send()
                        throw Retry(after: .zero, reason: "\(error)")
                    }
                }
            }
            try await running(worker) {
                try await started.wait()
                let disk = FailingDisk(under: database)
                mayEnd.send()
                try await failed.wait()
                disk.mend()
                let done = try await jobs.job(id, reaches: .completed)
                #expect(done.attempt == 2)
                #expect(done.errors.count == 1)
            }
            #expect(try database.read { snapshot in try snapshot.rowCount(of: "ledger") } == 1)
        }
    }
}

/// Which jobs ran, and how often.
private final class Runs: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    var total: Int { counts.withLock { $0.values.reduce(0, +) } }

    func count(of text: String) -> Int { counts.withLock { $0[text] ?? 0 } }

    func add(_ text: String) {
        counts.withLock { $0[text, default: 0] += 1 }
    }
}
