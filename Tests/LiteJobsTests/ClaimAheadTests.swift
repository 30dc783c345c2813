import LiteDB
import LiteStackTesting
import Testing

@testable import LiteJobs

/// Jobs that a worker has claimed before it can start them.
@Suite(.timeLimit(.minutes(5))) struct ClaimAheadTests {
    private struct Long: Job {
        static let kind = "long"
    }

    private func plan(_ limit: Int, startCount: Int) -> ClaimPlan {
        ClaimPlan(
            shares: [.init(queue: "default", limit: limit)], limit: limit, startCount: startCount, overdueBefore: nil)
    }

    private func worker(_ jobs: JobQueue, concurrency: Int) -> Worker {
        jobs.worker(concurrency: concurrency) { handlers in
            handlers.handle(Note.self) { _, _ in try await TestSignal().wait(within: .seconds(60)) }
            handlers.handle(OnceOnly.self) { _, _ in try await TestSignal().wait(within: .seconds(60)) }
        }
    }

    @Test func `what waits behind long jobs goes back, and another worker does it`() async throws {
        try await withJobs { jobs, _ in
            let mayEnd = TestSignal()
            try await jobs.enqueue(contentsOf: (0..<400).map { _ in Note() })
            let long = try await jobs.enqueue(contentsOf: [Long(), Long()]).map(\.id)
            let after = try await jobs.enqueue(contentsOf: (0..<400).map { _ in Note() }).map(\.id)
            let busy = jobs.worker(concurrency: 2) { handlers in
                handlers.handle(Note.self) { _, _ in }
                handlers.handle(Long.self) { _, _ in try await mayEnd.wait(within: .seconds(90)) }
            }
            try await running(busy) {
                for id in long { _ = try await jobs.job(id, reaches: .running) }
                try await eventually("both have begun") {
                    try await jobs.job(long[1])?.startedAt != nil
                }
                let other = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
                try await running(other) {
                    for id in after { _ = try await jobs.job(id, reaches: .completed) }
                }
                #expect(try await jobs.job(long[0])?.state == .running)
                mayEnd.send()
            }
        }
    }

    @Test func `jobs go back when they have waited for the limit, and the timer is told of the next`() async throws {
        try await withJobs { jobs, _ in
            let ids = try await jobs.enqueue(contentsOf: (0..<3).map { _ in Note() }).map(\.id)
            let worker = worker(jobs, concurrency: 1)
            let loop = WorkerLoop(worker: worker, control: WorkerControl())
            let registration = try await WorkerRegistration.make(for: worker)
            loop.pool.add(try await registration.turn([], plan(3, startCount: 1)).claimed)
            let early = loop.pool.giveBack(after: .seconds(600))
            #expect(!early.hasAny && early.next != nil)
            #expect(loop.pool.giveBack(after: .zero).hasAny)
            _ = try await registration.turn(loop.pool.takeEnded(), nil)
            #expect(try await jobs.job(ids[0])?.state == .running)
            for id in ids.dropFirst() {
                let job = try #require(try await jobs.job(id))
                #expect(job.state == .available && job.attempt == 0 && job.startedAt == nil)
            }
            loop.pool.cancelAll()
            await registration.end()
        }
    }

    @Test func `of a worker that died only what had begun counts an attempt and a crash`() async throws {
        try await withJobs { jobs, _ in
            let begun = try await jobs.enqueue(Note())
            let ahead = [try await jobs.enqueue(Note()).id, try await jobs.enqueue(OnceOnly()).id]
            let dead = try await WorkerRegistration.make(for: worker(jobs, concurrency: 1))
            #expect(try await dead.turn([], plan(3, startCount: 1)).claimed.map(\.isNoted) == [true, false, false])
            dead.abandon()
            try await Rescuer(jobs: jobs).look(except: 0)
            let first = try #require(try await jobs.job(begun))
            #expect(first.state == .available && first.attempt == 1 && first.crashCount == 1 && first.errors.count == 1)
            for id in ahead {
                let job = try #require(try await jobs.job(id))
                #expect(job.state == .available && job.attempt == 0 && job.crashCount == 0 && job.errors.isEmpty)
            }
        }
    }

    @Test func `a job with one attempt begins only when the table knows of it`() async throws {
        try await withJobs { jobs, _ in
            for _ in 0..<2 { try await jobs.enqueue(OnceOnly()) }
            let worker = worker(jobs, concurrency: 2)
            let loop = WorkerLoop(worker: worker, control: WorkerControl())
            let registration = try await WorkerRegistration.make(for: worker)
            loop.pool.add(try await registration.turn([], plan(2, startCount: 1)).claimed)
            #expect(loop.pool.runningCount == 1)
            let begun = loop.pool.toNote
            #expect(begun.count == 1)
            _ = try await registration.turn([], begun: begun, nil)
            loop.pool.noted(begun)
            #expect(loop.pool.runningCount == 2)
            #expect(loop.pool.toNote.isEmpty)
            #expect(try await jobs.jobs(where: .states(.running)).allSatisfy { $0.startedAt != nil })
            loop.pool.cancelAll()
            await registration.end()
        }
    }

    @Test func `jobs with one attempt are all done, however short they are`() async throws {
        try await withJobs { jobs, _ in
            try await jobs.enqueue(contentsOf: (0..<500).map { _ in OnceOnly() })
            let worker = jobs.worker { handlers in handlers.handle(OnceOnly.self) { _, _ in } }
            try await worker.runUntilIdle()
            #expect(try await jobs.statistics().count(.completed) == 500)
        }
    }
}
