import Foundation
import LiteDB
import LiteJobs
import LiteStackTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct RetryTests {
    @Test func `a job that throws runs again after its policy's wait, and is dead after its last attempt`() async throws
    {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            let id = try await jobs.enqueue(Note())
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, context in
                    throw Broken(description: "attempt \(context.attempt) of \(context.maximumAttemptCount)")
                }
            }
            try await running(worker) {
                for attempt in 1...2 {
                    let waiting = try await jobs.job(id, reaches: .scheduled)
                    #expect(waiting.attempt == attempt)
                    #expect(waiting.runAt == TestTime.start + Double(attempt) * 10)
                    try await time.advance(by: .seconds(10))
                    try await eventually("the next attempt") { try await jobs.job(id)?.attempt == attempt + 1 }
                }
                let dead = try await jobs.job(id, reaches: .dead)
                #expect(dead.reason == .attemptsExhausted)
                #expect(dead.errors.map(\.message) == ["attempt 1 of 3", "attempt 2 of 3", "attempt 3 of 3"])
                #expect(dead.errors.map(\.attempt) == [1, 2, 3])
                #expect(dead.errors.last?.happenedAt == TestTime.start + 20)
            }
        }
    }

    @Test func `a job that failed keeps its priority, its queue and its tags`() async throws {
        try await withTemporaryJobs { test in
            let worker = test.jobs.worker(queues: ["mail"]) { handlers in
                handlers.handle(Note.self) { _, _ in throw Broken() }
            }
            let id = try await test.jobs.enqueue(Note(), priority: 7, queue: "mail", tags: ["a"]).id
            try await test.drain(worker)
            let failed = try #require(try await test.jobs.job(id))
            #expect(
                failed.state == .scheduled && failed.priority == 7 && failed.queue == "mail" && failed.tags == ["a"])
        }
    }

    @Test func `a dead job can be tried again, with its errors kept`() async throws {
        try await withJobs { jobs, _ in
            let id = try await jobs.enqueue(OnceOnly())
            let broken = jobs.worker { handlers in
                handlers.handle(OnceOnly.self) { _, _ in throw Broken() }
            }
            try await running(broken) { _ = try await jobs.job(id, reaches: .dead) }
            #expect(try await jobs.retry(id))
            let mended = jobs.worker { handlers in handlers.handle(OnceOnly.self) { _, _ in } }
            try await running(mended) {
                let done = try await jobs.job(id, reaches: .completed)
                #expect(done.attempt == 1)
                #expect(done.errors.map(\.message) == ["the ink is dry"])
            }
        }
    }

    @Test func `a discarded job is dead at once`() async throws {
        try await withJobs { jobs, _ in
            let id = try await jobs.enqueue(Note())
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, _ in throw Discard("the drawing was deleted") }
            }
            try await running(worker) {
                let dead = try await jobs.job(id, reaches: .dead)
                #expect(dead.reason == .discarded)
                #expect(dead.attempt == 1)
                #expect(dead.errors.map(\.message) == ["the drawing was deleted"])
            }
        }
    }

    @Test func `a snoozed job runs later and its attempt is not counted`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            let id = try await jobs.enqueue(Note())
            let isReady = TestSignal()
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, _ in
                    if isReady.count == 0 { throw Snooze(for: .seconds(5)) }
                }
            }
            try await running(worker) {
                let snoozed = try await jobs.job(id, reaches: .scheduled)
                #expect(snoozed.attempt == 0)
                #expect(snoozed.runAt == TestTime.start + 5)
                #expect(snoozed.errors.isEmpty)
                isReady.send()
                try await time.advance(by: .seconds(5))
                #expect(try await jobs.job(id, reaches: .completed).attempt == 1)
            }
        }
    }

    @Test func `a handler can say when to try again`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            let id = try await jobs.enqueue(Note())
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, _ in throw Retry(after: .seconds(77)) }
            }
            try await running(worker) {
                let waiting = try await jobs.job(id, reaches: .scheduled)
                #expect(waiting.runAt == TestTime.start + 77)
                #expect(waiting.attempt == 1)
            }
        }
    }

    @Test func `a job that cannot be decoded is dead after one attempt and others go on`() async throws {
        struct Wrong: Job {
            static let kind = "note"
            var number = 7
        }
        try await withJobs { jobs, _ in
            let wrong = try await jobs.enqueue(Wrong())
            let right = try await jobs.enqueue(Note())
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await running(worker) {
                let dead = try await jobs.job(wrong, reaches: .dead)
                #expect(dead.reason == .undecodable)
                #expect(dead.attempt == 1)
                #expect(dead.errors.count == 1)
                #expect(String(decoding: dead.payload, as: UTF8.self) == #"{"number":7}"#)
                _ = try await jobs.job(right, reaches: .completed)
            }
        }
    }

    @Test func `a long error is shortened`() async throws {
        try await withJobs { jobs, _ in
            let id = try await jobs.enqueue(OnceOnly())
            let worker = jobs.worker { handlers in
                handlers.handle(OnceOnly.self) { _, _ in throw Broken(description: String(repeating: "x", count: 9_000))
                }
            }
            try await running(worker) {
                let dead = try await jobs.job(id, reaches: .dead)
                #expect(dead.errors.first?.message.count == 4_096)
            }
        }
    }
}
