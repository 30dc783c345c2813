import Foundation
import LiteDB
import LiteStackTesting
import Synchronization
import Testing

@testable import LiteJobs

/// What a worker does besides running jobs.
@Suite(.timeLimit(.minutes(5))) struct UpkeepTests {
    @Test func `many old jobs are removed slice after slice, without waiting for the next round`() async throws {
        try await withJobs { jobs, database in
            try await database.execute(
                """
                WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 5000)
                INSERT INTO lite_jobs (kind, state, finished_at, prune_at, payload)
                SELECT 'note', 'completed', 1, 2, '{}' FROM number
                """)
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await running(worker) {
                try await eventually("all are gone") { try await jobs.statistics().count(.completed) == 0 }
            }
        }
    }

    @Test func `the counts of queues that nobody uses any more go, and the others stay right`() async throws {
        try await withJobs { jobs, database in
            try await database.write { transaction in
                for tenant in 0..<3_000 { try jobs.enqueue(Note(), queue: "tenant \(tenant)", in: transaction) }
            }
            let kept = try await jobs.enqueue(Note(), queue: "kept").id
            func rowCount() throws -> Int {
                try database.read { snapshot in try snapshot.rowCount(of: "lite_job_counts") }
            }
            try await database.execute("DELETE FROM lite_jobs WHERE queue <> 'kept'")
            #expect(try rowCount() == 3_001)
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await running(worker) {
                try await eventually("they are gone") { try rowCount() < 1_500 }
            }
            #expect(try await jobs.statistics().count(.available, in: "kept") == 1)
            try await jobs.enqueue(Note(), queue: "tenant 7")
            #expect(try await jobs.statistics().count(.available) == 2)
            #expect(try await jobs.cancel(kept))
            #expect(try await jobs.statistics().count(.cancelled) == 1)
        }
    }

    private struct Gone: Job {
        static let kind = "gone"
        static let completedRetention: Duration? = .zero
    }

    private struct Kept: Job {
        static let kind = "kept"
        static let completedRetention: Duration? = .seconds(3 * 24 * 60 * 60)
    }

    @Test func `each kind is kept for as long as it says`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            let ids = [
                try await jobs.enqueue(Gone()).id, try await jobs.enqueue(Note()).id, try await jobs.enqueue(Kept()).id,
            ]
            func work() async throws -> [Bool] {
                let worker = jobs.worker { handlers in
                    handlers.handle(Gone.self) { _, _ in }
                    handlers.handle(Note.self) { _, _ in }
                    handlers.handle(Kept.self) { _, _ in }
                }
                try await worker.runUntilIdle()
                var isThere: [Bool] = []
                for id in ids { isThere.append(try await jobs.job(id) != nil) }
                return isThere
            }
            #expect(try await work() == [false, true, true])
            time.clock.advance(by: .seconds(24 * 60 * 60 + 1))
            #expect(try await work() == [false, false, true])
            time.clock.advance(by: .seconds(2 * 24 * 60 * 60))
            #expect(try await work() == [false, false, false])
        }
    }

    @Test func `an attempt that was lost and goes on is reported as stuck once`() async throws {
        var configuration = JobQueue.Configuration()
        configuration.stuckAfter = .milliseconds(20)
        try await withJobs(configuration) { jobs, _ in
            let (started, mayEnd, stuck) = (TestSignal(), TestSignal(), TestSignal())
            let deaf = try await jobs.enqueue(OnceOnly()).id
            let events = jobs.events()
            let worker = jobs.worker(concurrency: 2) { handlers in
                handlers.handle(Note.self) { _, _ in }
                handlers.handle(OnceOnly.self) { _, _ in
                    started.send()
                    // Not the attempt's own task, so deaf to its cancellation.
                    try await Task { try await mayEnd.wait(within: .seconds(60)) }.value
                }
            }
            let listener = Task {
                for await event in events where event.kind == .stuck { stuck.send() }
            }
            try await running(worker) {
                try await started.wait()
                try await jobs.cancel(deaf)
                for _ in 0..<30 { _ = try await jobs.job(try await jobs.enqueue(Note()), reaches: .completed) }
                try await stuck.wait()
                for _ in 0..<30 { _ = try await jobs.job(try await jobs.enqueue(Note()), reaches: .completed) }
                mayEnd.send()
            }
            listener.cancel()
            #expect(stuck.count == 1)
        }
    }

    @Test func `what was recorded is told although the worker cannot register again`() async throws {
        let path = Mutex("")
        var configuration = JobQueue.Configuration()
        configuration.faults = { point in
            // Somebody takes the folder away while the transaction runs, and puts a file there.
            guard point == .committing else { return }
            try path.withLock { folder in
                guard !folder.isEmpty else { return }
                try FileManager.default.removeItem(atPath: folder)
                try Data().write(to: URL(fileURLWithPath: folder))
            }
        }
        try await withJobs(configuration) { jobs, database in
            let id = try await jobs.enqueue(Note()).id
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            let registration = try await WorkerRegistration.make(for: worker)
            let plan = ClaimPlan(
                shares: [.init(queue: "default", limit: 1)], limit: 1, startCount: 1, overdueBefore: nil)
            let job = try #require(try await registration.turn([], plan).claimed.first)
            try await database.execute("DELETE FROM lite_job_workers")
            path.withLock { $0 = database.runDirectory }
            let end = EndedAttempt(job: job, end: .completed(output: nil, pruneAt: .max), duration: .zero)
            let turn = try await registration.turn([end], plan)
            #expect(turn.recorded == [true] && turn.isLost)
            #expect(try await jobs.job(id)?.state == .completed)
            await #expect(throws: JobError.self) { try await registration.turn([], plan) }
            try FileManager.default.removeItem(atPath: database.runDirectory)
            #expect(try await registration.turn([], plan).isLost == false)
            #expect(try await jobs.statistics().workerCount == 1)
            await registration.end()
        }
    }

    @Test func `a timer that fired is armed again although its time is still ahead`() {
        let pace = WorkerPace()
        let timer = pace.newTimer(1_000, at: 500, limit: .seconds(60))
        #expect(timer?.wait == .milliseconds(500))
        #expect(pace.newTimer(1_000, at: 500, limit: .seconds(60)) == nil)
        // The clock was put back, so that it is still half a second to go.
        pace.timerFired(1_000)
        #expect(pace.newTimer(1_000, at: 500, limit: .seconds(60))?.wait == .milliseconds(500))
    }

    @Test(arguments: [true, false])
    func `a timeout waits for a completion that is under way`(isWritten: Bool) async throws {
        let state = AttemptState(control: WorkerControl())
        let (writing, mayEnd) = (TestSignal(), TestSignal())
        let completion = Task {
            try await state.complete {
                writing.send()
                try await mayEnd.wait()
                if !isWritten { throw Broken() }
            }
        }
        try await writing.wait()
        let timeout = Task { await state.timeOut() }
        try await eventually("the timeout waits") { state.hasWaitingTimeout }
        #expect(!state.isTimedOut)
        mayEnd.send()
        #expect(await timeout.value == !isWritten)
        #expect(state.isTimedOut == !isWritten)
        _ = await completion.result
    }
}
