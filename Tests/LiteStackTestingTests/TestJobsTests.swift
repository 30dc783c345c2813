import LiteStack
import LiteStackTesting
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct TestJobsTests {
    struct Receipt: Job {
        static let kind = "receipt"
        static let retryPolicy = RetryPolicy.constant(maximumAttemptCount: 3, delay: .seconds(60))
        var orderID: Int
    }
    struct Broken: Error {}

    @Test func `a queue is drained up to a time, with what the jobs enqueue`() async throws {
        try await withTemporaryJobs { test in
            let seen = Mutex<[Int]>([])
            let worker = test.jobs.worker { handlers in
                handlers.handle(Receipt.self) { job, _ in
                    seen.withLock { $0.append(job.orderID) }
                    if job.orderID == 1 { try await test.jobs.enqueue(Receipt(orderID: 4)) }
                }
            }
            try await test.jobs.enqueue(Receipt(orderID: 1))
            try await test.jobs.enqueue(Receipt(orderID: 2), delay: .seconds(3_600))
            try await test.jobs.enqueue(Receipt(orderID: 3), delay: .seconds(7_200))
            try await test.drain(worker, through: .seconds(3_600))
            #expect(seen.withLock { $0 } == [1, 4, 2])
            #expect(test.clock.now.offset == .seconds(3_600))
            try await test.drain(worker, through: .seconds(3_600))
            #expect(seen.withLock { $0 } == [1, 4, 2, 3])
        }
    }

    @Test func `a job that is run inline follows its retry policy`() async throws {
        try await withTemporaryJobs { test in
            let worker = test.jobs.worker { handlers in
                handlers.handle(Receipt.self) { _, context in if context.attempt < 3 { throw Broken() } }
            }
            let record = try await test.run(Receipt(orderID: 1), with: worker)
            #expect(record.state == .completed && record.attempt == 3 && record.errors.count == 2)
            #expect(test.clock.now.offset == .seconds(120))
            struct Unhandled: Job { static let kind = "unhandled" }
            await #expect(throws: JobExpectation.self) { try await test.run(Unhandled(), with: worker) }
        }
    }

    @Test func `what was enqueued is expected by its content`() async throws {
        try await withTemporaryJobs { test in
            try await test.jobs.enqueue(Receipt(orderID: 7))
            try await test.jobs.expectEnqueued(Receipt.self) { $0.orderID == 7 }
            try await test.jobs.expectNotEnqueued(Receipt.self) { $0.orderID == 8 }
            await #expect(throws: JobExpectation.self) {
                try await test.jobs.expectEnqueued(Receipt.self) { $0.orderID == 8 }
            }
            await #expect(throws: JobExpectation.self) { try await test.jobs.expectNotEnqueued(Receipt.self) }
        }
    }

    @Test func `a worker that is killed after its claim loses nothing`() async throws {
        try await withTemporaryJobs { test in
            let runCount = Atomic<Int>(0)
            let worker = test.jobs.worker { handlers in
                handlers.handle(Receipt.self) { _, _ in runCount.add(1, ordering: .relaxed) }
            }
            let job = try await test.jobs.enqueue(Receipt(orderID: 1))
            test.faults.killAfterClaim()
            try await worker.runUntilIdle()
            #expect(try await job.record()?.state == .running)
            #expect(runCount.load(ordering: .relaxed) == 0)
            try await worker.runUntilIdle()
            let record = try await job.record()
            #expect(record?.state == .completed && record?.attempt == 2 && record?.crashCount == 1)
            #expect(runCount.load(ordering: .relaxed) == 1)
        }
    }

    @Test func `an outcome whose commit fails is recorded later, once`() async throws {
        try await withTemporaryJobs { test in
            let runCount = Atomic<Int>(0)
            let worker = test.jobs.worker { handlers in
                handlers.handle(Receipt.self) { _, _ in runCount.add(1, ordering: .relaxed) }
            }
            let job = try await test.jobs.enqueue(Receipt(orderID: 1))
            test.faults.failCommit()
            try await worker.runUntilIdle()
            #expect(try await job.record()?.state == .completed)
            #expect(try await job.record()?.attempt == 1)
            #expect(runCount.load(ordering: .relaxed) == 1)
        }
    }
}
