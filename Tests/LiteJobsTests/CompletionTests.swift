import LiteDB
import LiteJobs
import LiteStackTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct CompletionTests {
    /// A queue beside a table that handlers write to.
    private func withLedger(_ body: (JobQueue, Database) async throws -> Void) async throws {
        try await withJobs { jobs, database in
            try await database.execute("CREATE TABLE ledger (id INTEGER PRIMARY KEY, entry TEXT NOT NULL) STRICT")
            try await body(jobs, database)
        }
    }

    private func entries(_ database: Database) throws -> [String] {
        try database.read { snapshot in try snapshot.all("SELECT entry FROM ledger ORDER BY id") }
    }

    @Test func `what is written with the completion is written exactly once`() async throws {
        try await withLedger { jobs, database in
            let id = try await jobs.enqueue(Note(text: "payment"))
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { job, context in
                    try await context.complete { transaction in
                        try transaction.execute("INSERT INTO ledger (entry) VALUES (\(job.text))")
                    }
                    // What goes wrong from here on does not bring the job back.
                    throw Broken()
                }
            }
            try await running(worker) {
                let done = try await jobs.job(id, reaches: .completed)
                #expect(done.attempt == 1)
                #expect(done.errors.isEmpty)
                // One more job goes all the way through before the ledger is looked at.
                _ = try await jobs.job(try await jobs.enqueue(Note(text: "second")), reaches: .completed)
            }
            #expect(try await jobs.job(id)?.state == .completed)
            #expect(try entries(database) == ["payment", "second"])
        }
    }

    @Test func `a handler that goes on after it completed its job is not cancelled`() async throws {
        struct Canary: Job { static let kind = "canary" }
        try await withLedger { jobs, database in
            let (completed, mayGoOn, wentOn) = (TestSignal(), TestSignal(), TestSignal())
            let (started, cancelled) = (TestSignal(), TestSignal())
            let worker = jobs.worker(concurrency: 2) { handlers in
                handlers.handle(Note.self) { _, context in
                    try await context.complete { _ in }
                    completed.send()
                    try await mayGoOn.wait()
                    try await database.execute("INSERT INTO ledger (entry) VALUES ('after')")
                    try Task.checkCancellation()
                    wentOn.send()
                }
                handlers.handle(Canary.self) { _, _ in
                    started.send()
                    do { try await TestSignal().wait() } catch is CancellationError { cancelled.send() }
                }
            }
            try await jobs.enqueue(Note())
            try await running(worker) {
                try await completed.wait()
                for count in 1...2 {
                    // The worker has looked for lost attempts when this one is cancelled.
                    let canary = try await jobs.enqueue(Canary())
                    try await started.wait(count: count)
                    try await jobs.cancel(canary)
                    try await cancelled.wait(count: count)
                }
                mayGoOn.send()
                try await wentOn.wait()
            }
            #expect(try entries(database) == ["after"])
        }
    }

    @Test func `a completed job has no timeout any more`() async throws {
        struct Brief: Job {
            static let kind = "brief"
            static let timeout: Duration? = .seconds(5)
            var completes = false
        }
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            let (ready, timedOut, wentOn) = (TestSignal(), TestSignal(), TestSignal())
            let mayGoOn = TestSignal()
            let worker = jobs.worker(concurrency: 2) { handlers in
                handlers.handle(Brief.self) { job, context in
                    if job.completes { try await context.complete { _ in } }
                    ready.send()
                    do {
                        try await mayGoOn.wait()
                        wentOn.send()
                    } catch {
                        timedOut.send()
                        throw error
                    }
                }
            }
            try await jobs.enqueue(Brief(completes: true))
            try await running(worker) {
                try await ready.wait()
                try await jobs.enqueue(Brief())
                try await ready.wait(count: 2)
                // The housekeeping and both timeouts.
                try await time.clock.waitForSleepers(3)
                time.clock.advance(by: .seconds(6))
                try await timedOut.wait()
                mayGoOn.send()
                try await wentOn.wait()
            }
        }
    }

    @Test func `completing enqueues what follows in the same transaction`() async throws {
        struct Next: Job { static let kind = "next" }
        try await withLedger { jobs, database in
            let ran = TestSignal()
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, context in
                    _ = try await context.complete { transaction in try jobs.enqueue(Next(), in: transaction) }
                }
                handlers.handle(Next.self) { _, _ in ran.send() }
            }
            try await jobs.enqueue(Note())
            try await running(worker) { try await ran.wait() }
        }
    }

    @Test func `a completion whose body throws writes nothing and the attempt goes on`() async throws {
        try await withLedger { jobs, database in
            let id = try await jobs.enqueue(Note())
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, context in
                    await #expect(throws: Broken.self) {
                        try await context.complete { transaction in
                            try transaction.execute("INSERT INTO ledger (entry) VALUES ('half')")
                            throw Broken()
                        }
                    }
                    #expect(try await jobs.job(context.id)?.state == .running)
                    try await context.complete { transaction in
                        try transaction.execute("INSERT INTO ledger (entry) VALUES ('whole')")
                    }
                }
            }
            try await running(worker) { _ = try await jobs.job(id, reaches: .completed) }
            #expect(try entries(database) == ["whole"])
        }
    }

    @Test func `an attempt completes once`() async throws {
        try await withLedger { jobs, database in
            let second = TestSignal()
            try await jobs.enqueue(Note())
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, context in
                    try await context.complete { transaction in
                        try transaction.execute("INSERT INTO ledger (entry) VALUES ('once')")
                    }
                    await #expect {
                        try await context.complete { transaction in
                            try transaction.execute("INSERT INTO ledger (entry) VALUES ('twice')")
                        }
                    } throws: {
                        ($0 as? JobError)?.code == .alreadyCompleted
                    }
                    second.send()
                }
            }
            try await running(worker) { try await second.wait() }
            #expect(try entries(database) == ["once"])
        }
    }

    @Test func `cancelling a running job cancels its task, and its completion writes nothing`() async throws {
        try await withLedger { jobs, database in
            let (started, wasCancelled, over) = (TestSignal(), TestSignal(), TestSignal())
            let id = try await jobs.enqueue(Note())
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, context in
                    started.send()
                    do {
                        try await TestSignal().wait()
                    } catch is CancellationError {
                        wasCancelled.send()
                    }
                    // Ignoring the cancellation does not help: the fence holds.
                    let late = Task {
                        try await context.complete { transaction in
                            try transaction.execute("INSERT INTO ledger (entry) VALUES ('late')")
                        }
                    }
                    await #expect { try await late.value } throws: { ($0 as? JobError)?.code == .attemptLost }
                    over.send()
                }
            }
            try await running(worker) {
                try await started.wait()
                #expect(try await jobs.cancel(id))
                try await wasCancelled.wait()
                try await over.wait()
                _ = try await jobs.job(try await jobs.enqueue(OnceOnly()), reaches: .available, .parked)
            }
            #expect(try await jobs.job(id)?.state == .cancelled)
            #expect(try entries(database) == [])
        }
    }
}
