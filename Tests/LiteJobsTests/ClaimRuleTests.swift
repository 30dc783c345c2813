import LiteDB
import LiteStackTesting
import Synchronization
import Testing

@testable import LiteJobs

/// What a claim takes, what it ends, and what it puts aside.
@Suite(.timeLimit(.minutes(5))) struct ClaimRuleTests {
    @Test func `a queue's own concurrency holds for jobs that have waited too long`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            for priority in -3 ... -1 { try await jobs.enqueue(Note(), priority: priority, queue: "few") }
            time.clock.advance(by: .seconds(15 * 60 + 1))
            let worker = jobs.worker(queues: [WorkerQueue("few", concurrency: 1)], concurrency: 4) { handlers in
                handlers.handle(Note.self) { _, _ in }
            }
            let registration = try await WorkerRegistration.make(for: worker)
            var planner = ClaimPlanner(queues: worker.queues, order: .strict)
            let found = planner.plan(
                4, startCount: 4, claimed: [:], ageing: jobs.configuration.ageing, at: jobs.clock.milliseconds())
            let plan = try #require(found)
            #expect(plan.overdueBefore != nil)
            #expect(try await registration.turn([], plan).claimed.count == 1)
            await registration.end()
        }
    }

    @Test func `a job that was started in time does not expire while it waits for its next attempt`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            let mayPass = TestSignal()
            let id = try await jobs.enqueue(Note(), expiresAfter: .seconds(5))
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, _ in if mayPass.count == 0 { throw Broken() } }
            }
            try await running(worker) {
                _ = try await jobs.job(id, reaches: .scheduled)
                mayPass.send()
                try await time.advance(by: .seconds(10))
                #expect(try await jobs.job(id, reaches: .completed, .dead).state == .completed)
            }
        }
    }

    @Test func `an expired job is told of, and kept as long as other dead ones`() async throws {
        let time = TestTime()
        var configuration = time.configuration
        configuration.deadRetention = .seconds(100)
        try await withJobs(configuration) { jobs, database in
            let events = jobs.events()
            let id = try await jobs.enqueue(Note(), expiresAfter: .seconds(5)).id
            time.clock.advance(by: .seconds(6))
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await worker.runUntilIdle()
            let dead = try #require(try await jobs.job(id))
            #expect(dead.state == .dead && dead.reason == .expired && dead.attempt == 0)
            let kept = try database.read { snapshot in
                try snapshot.first("SELECT prune_at - finished_at FROM lite_jobs", as: Int.self)
            }
            #expect(kept == 100_000)
            var iterator = events.makeAsyncIterator()
            #expect(
                await iterator.next()?.kind == .dead(reason: .expired, message: "it was not started in time"))
        }
    }

    @Test func `a job that is put aside before it begins keeps others of its like away`() async throws {
        try await withJobs { jobs, _ in
            let first = try await jobs.enqueue(Note(text: "a"), unique: .arguments(until: .started))
            try await jobs.pause(.kind("note"))
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await worker.runUntilIdle()
            #expect(try await jobs.job(first)?.state == .parked)
            #expect(try await jobs.enqueue(Note(text: "a"), unique: .arguments(until: .started)).id == first.id)
        }
    }

    @Test func `a job that goes back before it begins gives way to one that came meanwhile`() async throws {
        try await withJobs { jobs, _ in
            let unique = Uniqueness.arguments(until: .started)
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            let registration = try await WorkerRegistration.make(for: worker)
            let plan = ClaimPlan(
                shares: [.init(queue: "default", limit: 9)], limit: 9, startCount: 0, overdueBefore: nil)
            let first = try await jobs.enqueue(Note(text: "a"), unique: unique)
            let alone = try await jobs.enqueue(Note(text: "b"), unique: unique)
            let claimed = try await registration.turn([], plan).claimed
            let second = try await jobs.enqueue(Note(text: "a"), unique: unique)
            #expect(second.id != first.id)
            let back = claimed.map { EndedAttempt(job: $0, end: .interrupted, duration: nil) }
            #expect(try await registration.turn(back, nil).recorded == [true, true])
            #expect(try await jobs.enqueue(Note(text: "a"), unique: unique).id == second.id)
            #expect(try await jobs.enqueue(Note(text: "b"), unique: unique).id == alone.id)
            // The same when the worker dies.
            #expect(try await registration.turn([], plan).claimed.count == 3)
            let third = try await jobs.enqueue(Note(text: "a"), unique: unique)
            registration.abandon()
            try await Rescuer(jobs: jobs).look(except: 0)
            #expect(try await jobs.statistics().count(.available) == 4)
            #expect(try await jobs.enqueue(Note(text: "a"), unique: unique).id == third.id)
        }
    }

    @Test func `large numbers that differ are not alike`() async throws {
        struct Big: Job {
            static let kind = "big"
            let id: UInt64
        }
        try await withJobs { jobs, _ in
            let first = try await jobs.enqueue(Big(id: (1 << 63) + 1), unique: .arguments())
            let second = try await jobs.enqueue(Big(id: (1 << 63) + 2), unique: .arguments())
            #expect(first.id != second.id && !second.isDuplicate)
            #expect(try await jobs.enqueue(Big(id: (1 << 63) + 1), unique: .arguments()).id == first.id)
        }
    }

    @Test func `jobs in bulk keep their stored form, whatever that is`() async throws {
        struct Mixed: Job, Equatable {
            static let kind = "mixed"
            let text: String
            init(text: String) { self.text = text }
            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                // A wrong guess: then it is a dictionary.
                text = try (try? container.decode(String.self)) ?? container.decode([String: String].self)["long"] ?? ""
            }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                if text.count > 3 { try container.encode(["long": text]) } else { try container.encode(text) }
            }
        }
        try await withJobs { jobs, _ in
            let all = [Mixed(text: "long one"), Mixed(text: "abc")]
            let handles = try await jobs.enqueue(contentsOf: all)
            for (job, handle) in zip(all, handles) {
                #expect(try await jobs.job(handle)?.decode(Mixed.self) == job)
            }
        }
    }
}
