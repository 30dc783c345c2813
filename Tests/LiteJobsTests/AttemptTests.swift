import Foundation
import LiteDB
import LiteJobs
import LiteStackTesting
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct AttemptTests {
    struct Sum: RunnableJob {
        typealias Output = Int
        static let kind = "sum"
        var left: Int
        var right: Int
        func run(in context: JobContext) async throws -> Int { left + right }
    }
    struct Slow: Job {
        static let kind = "slow"
        static let timeout: Duration? = .seconds(5)
        static let retryPolicy = RetryPolicy.never
    }

    @Test func `who enqueued a job gets what its handler returned`() async throws {
        try await withJobs { jobs, _ in
            let handle = try await jobs.enqueue(Sum(left: 3, right: 4))
            let plain = try await jobs.enqueue(Note())
            let worker = jobs.worker { handlers in
                handlers.handle(Sum.self)
                handlers.handle(Note.self) { _, _ in }
            }
            try await running(worker) {
                let sum = try await handle.value
                #expect(sum == 7)
                try await plain.value
            }
            #expect(try await handle.record()?.output == "7")
        }
    }

    @Test func `waiting for a job that dies, is cancelled or is gone says so`() async throws {
        try await withJobs { jobs, _ in
            let worker = jobs.worker { handlers in
                handlers.handle(OnceOnly.self) { _, _ in throw Broken() }
            }
            let dead = try await jobs.enqueue(OnceOnly())
            try await running(worker) {
                await #expect { try await dead.value } throws: { ($0 as? JobError)?.code == .jobDead }
                _ = try await jobs.job(dead, reaches: .dead)
            }
            let cancelled = try await jobs.enqueue(Note())
            try await cancelled.cancel()
            await #expect { try await cancelled.value } throws: { ($0 as? JobError)?.code == .jobCancelled }
            try await jobs.remove(where: .states(.cancelled))
            await #expect { try await cancelled.value } throws: { ($0 as? JobError)?.code == .jobGone }
        }
    }

    @Test func `a completion can give the output, and what the handler returns after it is dropped`() async throws {
        try await withJobs { jobs, _ in
            let handle = try await jobs.enqueue(Sum(left: 1, right: 1))
            let worker = jobs.worker { handlers in
                handlers.handle(Sum.self) { job, context in
                    try await context.complete(output: 40) { _ in }
                    await #expect { try await context.transaction("late") { _ in } } throws: {
                        ($0 as? JobError)?.code == .alreadyCompleted
                    }
                    return 2
                }
            }
            let value = try await running(worker) { try await handle.value }
            #expect(value == 40)
        }
    }

    @Test func `a step is done once, however often the job runs`() async throws {
        try await withJobs { jobs, database in
            try await database.execute("CREATE TABLE ledger (entry TEXT NOT NULL) STRICT")
            let handle = try await jobs.enqueue(Note())
            let numbers = Mutex<[Int]>([])
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, context in
                    let number = try await context.transaction("charge") { transaction in
                        try transaction.execute("INSERT INTO ledger VALUES (\(context.idempotencyKey))")
                        return context.attempt
                    }
                    try await context.transaction("note") { transaction in
                        try transaction.execute("INSERT INTO ledger VALUES ('noted')")
                    }
                    numbers.withLock { $0.append(number) }
                    if context.attempt < 2 { throw Retry(after: .zero) }
                }
            }
            try await running(worker) { try await handle.value }
            #expect(numbers.withLock { $0 } == [1, 1])
            let count = try database.read { snapshot in try snapshot.rowCount(of: "ledger") }
            #expect(count == 2)
        }
    }

    @Test func `the idempotency key is the same for each attempt, and another for a job that gets its id again`()
        async throws
    {
        let keys = Mutex<[String]>([])
        for _ in 0..<2 {
            try await withJobs { jobs, _ in
                let handle = try await jobs.enqueue(Note())
                let worker = jobs.worker { handlers in
                    handlers.handle(Note.self) { _, context in
                        keys.withLock { $0.append(context.idempotencyKey) }
                        if context.attempt < 2 { throw Retry(after: .zero) }
                    }
                }
                try await running(worker) { try await handle.value }
                #expect(handle.id.rawValue == 1)
            }
        }
        let seen = keys.withLock { $0 }
        #expect(seen.count == 4)
        #expect(seen[0] == seen[1] && seen[2] == seen[3] && seen[0] != seen[2])
    }

    @Test func `an attempt past its timeout is cancelled and has failed, and one that does not stop is told of`()
        async throws
    {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            let (started, mayEnd) = (TestSignal(), TestSignal())
            let events = jobs.events()
            let handle = try await jobs.enqueue(Slow())
            let worker = jobs.worker { handlers in
                handlers.handle(Slow.self) { _, _ in
                    started.send()
                    // It does not heed its cancellation.
                    try await Task { try await mayEnd.wait() }.value
                    try Task.checkCancellation()
                }
            }
            try await running(worker) {
                try await started.wait()
                try await time.clock.waitForSleepers(2)
                time.clock.advance(by: .seconds(5))
                var kinds: [JobEvent.Kind] = []
                var iterator = events.makeAsyncIterator()
                while kinds.last != .timedOut, let event = await iterator.next() { kinds.append(event.kind) }
                try await time.clock.waitForSleepers(2)
                time.clock.advance(by: .seconds(10))
                while kinds.last != .stuck, let event = await iterator.next() { kinds.append(event.kind) }
                #expect(kinds == [.started, .timedOut, .stuck])
                mayEnd.send()
                let dead = try await jobs.job(handle, reaches: .dead)
                #expect(dead.errors.first?.message.contains("timeout") == true)
            }
        }
    }

    @Test func `a policy sees the error, the attempt and the age, and can give up`() async throws {
        struct Fussy: Job {
            static let kind = "fussy"
            static let retryPolicy = RetryPolicy.custom(maximumAttemptCount: 10) { attempt in
                guard attempt.error is Broken, attempt.number < 3, attempt.age < .seconds(600) else { return nil }
                return .seconds(100)
            }
        }
        try await withTemporaryJobs { test in
            let worker = test.jobs.worker { handlers in handlers.handle(Fussy.self) { _, _ in throw Broken() } }
            let record = try await test.run(Fussy(), with: worker)
            #expect(record.reason == .discarded && record.attempt == 3)
            #expect(test.clock.now.offset == .seconds(200))
        }
    }

    @Test func `a renamed kind and an older payload are run`() async throws {
        struct OldLetter: Job {
            static let kind = "letter"
            var to: String
        }
        struct Mail: Job {
            static let kind = "mail"
            static let aliases = ["letter"]
            static let version = 2
            var recipients: [String]
            static func migrate(from version: Int, _ payload: Data) throws -> Mail {
                Mail(recipients: [try JSONDecoder().decode(OldLetter.self, from: payload).to])
            }
        }
        try await withJobs { jobs, _ in
            let seen = Mutex<[[String]]>([])
            let old = try await jobs.enqueue(OldLetter(to: "Ada"))
            let new = try await jobs.enqueue(Mail(recipients: ["Bob", "Cy"]))
            let worker = jobs.worker(concurrency: 1) { handlers in
                handlers.handle(Mail.self) { job, _ in seen.withLock { $0.append(job.recipients) } }
            }
            try await running(worker) {
                _ = try await jobs.job(old, reaches: .completed)
                _ = try await jobs.job(new, reaches: .completed)
            }
            #expect(seen.withLock { $0 } == [["Ada"], ["Bob", "Cy"]])
        }
    }
}
