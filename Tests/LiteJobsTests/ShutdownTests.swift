import LiteDB
import LiteJobs
import LiteStackTesting
import ServiceLifecycle
import Testing

@Suite(.timeLimit(.minutes(5))) struct ShutdownTests {
    @Test func `a graceful shutdown takes nothing new and lets what runs finish`() async throws {
        try await withJobs { jobs, database in
            let (started, mayEnd, sawShutdown) = (TestSignal(), TestSignal(), TestSignal())
            let running = try await jobs.enqueue(Note())
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, context in
                    started.send()
                    try await eventually("the shutdown") { context.isShuttingDown }
                    sawShutdown.send()
                    try await mayEnd.wait()
                }
            }
            let group = group(worker)
            let run = Task { try await group.run() }
            try await started.wait()
            await group.triggerGracefulShutdown()
            try await sawShutdown.wait()
            let late = try await jobs.enqueue(Note())
            mayEnd.send()
            try await run.value
            #expect(try await jobs.job(running)?.state == .completed)
            #expect(try await jobs.job(late)?.state == .available)
            #expect(try await jobs.job(late)?.attempt == 0)
            let workerCount = try database.read { snapshot in try snapshot.rowCount(of: "lite_job_workers") }
            #expect(workerCount == 0)
        }
    }

    @Test func `when the grace is over jobs are cancelled and go back with the attempt not counted`() async throws {
        let time = TestTime()
        var configuration = time.configuration
        configuration.shutdownGrace = .seconds(25)
        try await withJobs(configuration) { jobs, _ in
            let (started, wasCancelled) = (TestSignal(), TestSignal())
            let id = try await jobs.enqueue(Note())
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, _ in
                    started.send()
                    do {
                        try await TestSignal().wait()
                    } catch is CancellationError {
                        wasCancelled.send()
                        throw Broken()
                    }
                }
            }
            let group = group(worker)
            let run = Task { try await group.run() }
            try await started.wait()
            await group.triggerGracefulShutdown()
            // The clockwork of the housekeeping, and the grace.
            try await time.clock.waitForSleepers(2)
            time.clock.advance(by: .seconds(24))
            #expect(wasCancelled.count == 0)
            time.clock.advance(by: .seconds(1))
            try await wasCancelled.wait()
            try await run.value
            let job = try #require(try await jobs.job(id))
            #expect(job.state == .available)
            #expect(job.attempt == 0)
            #expect(job.crashCount == 0)
            #expect(job.errors.isEmpty)
        }
    }

    @Test func `a job is cancelled at once while its worker waits for others to finish`() async throws {
        try await withJobs { jobs, _ in
            let (started, mayEnd, isDraining, wasCancelled) = (TestSignal(), TestSignal(), TestSignal(), TestSignal())
            let id = try await jobs.enqueue(Note(text: "cancelled")).id
            let other = try await jobs.enqueue(Note(text: "other")).id
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { job, context in
                    started.send()
                    guard job.text == "cancelled" else {
                        try await eventually("the shutdown") { context.isShuttingDown }
                        isDraining.send()
                        return try await mayEnd.wait(within: .seconds(60))
                    }
                    do {
                        try await TestSignal().wait(within: .seconds(60))
                    } catch is CancellationError {
                        wasCancelled.send()
                    }
                }
            }
            let group = group(worker)
            let run = Task { try await group.run() }
            try await started.wait(count: 2)
            await group.triggerGracefulShutdown()
            try await isDraining.wait()
            #expect(try await jobs.cancel(id))
            // The grace is 25 s: it is not the end of that which cancels it.
            try await wasCancelled.wait(within: .seconds(15))
            mayEnd.send()
            try await run.value
            #expect(try await jobs.job(id)?.state == .cancelled)
            #expect(try await jobs.job(other)?.state == .completed)
        }
    }

    @Test func `cancelling a worker interrupts its jobs at once, and what was done stays done`() async throws {
        try await withJobs { jobs, _ in
            let started = TestSignal()
            let interrupted = try await jobs.enqueue(Note(text: "interrupted"))
            let finishing = try await jobs.enqueue(Note(text: "finishing"))
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { job, _ in
                    started.send()
                    do {
                        try await TestSignal().wait()
                    } catch {
                        // The second one had all it needed.
                        if job.text == "interrupted" { throw error }
                    }
                }
            }
            let run = Task { try await worker.run() }
            try await started.wait(count: 2)
            run.cancel()
            try await run.value
            #expect(try await jobs.job(interrupted)?.state == .available)
            #expect(try await jobs.job(interrupted)?.attempt == 0)
            #expect(try await jobs.job(finishing)?.state == .completed)
        }
    }

    @Test func `a worker that is told to stop before it began stops`() async throws {
        try await withJobs { jobs, _ in
            let id = try await jobs.enqueue(Note())
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            let mayStart = TestSignal()
            let run = Task {
                try? await mayStart.wait()
                try await worker.run()
            }
            run.cancel()
            // Registering may be what sees the cancellation.
            do { try await run.value } catch is CancellationError {}
            #expect(try await jobs.job(id)?.attempt == 0)
        }
    }
}
