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

    @Test func `a thousand jobs that nobody knows hold up none behind them, and come back`() async throws {
        struct Unknown: Job { static let kind = "unknown" }
        try await withJobs { jobs, _ in
            try await jobs.enqueue(contentsOf: (0..<1_000).map { _ in Unknown() }, priority: 9)
            let known = try await jobs.enqueue(Note())
            let old = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await old.runUntilIdle()
            #expect(try await jobs.job(known)?.state == .completed)
            #expect(try await jobs.statistics().count(.parked) == 1_000)
            let new = jobs.worker(concurrency: 64) { handlers in handlers.handle(Unknown.self) { _, _ in } }
            try await new.runUntilIdle()
            #expect(try await jobs.statistics().count(.completed) == 1_001)
        }
    }

    @Test func `jobs that no worker knows are told of once, when they have waited for a minute`() async throws {
        struct Unknown: Job { static let kind = "unknown" }
        struct Newer: Job {
            static let kind = "note"
            static let version = 2
        }
        let log = RecordingLog()
        try await withTemporaryDatabase { database in
            let jobs = try await JobQueue(database, logger: log.logger)
            try await jobs.pause(.kind("once-only"))
            try await jobs.pause(.tag("later"))
            try await jobs.enqueue(contentsOf: [Unknown(), Unknown()])
            try await jobs.enqueue(Newer())
            try await jobs.enqueue(OnceOnly())
            try await jobs.enqueue(TestTimeJob(), tags: ["later"])
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, _ in }
                handlers.handle(OnceOnly.self) { _, _ in }
                handlers.handle(TestTimeJob.self) { _, _ in }
            }
            try await worker.runUntilIdle()
            #expect(try await jobs.statistics().count(.parked) == 5)
            let passed = Mutex(Duration.zero)
            let start = SuspendingClock.now
            let rescuer = Rescuer(jobs: jobs) { start + passed.withLock { $0 } }
            func count(after wait: Duration) throws -> Int {
                passed.withLock { $0 += wait }
                try rescuer.warnOfParked()
                return log.count(of: "no worker knows")
            }
            #expect(try count(after: .zero) == 0)
            #expect(try count(after: .seconds(59)) == 0)
            // Of the two kinds, not of what is paused.
            #expect(try count(after: .seconds(1)) == 2)
            #expect(try count(after: .seconds(60)) == 2)
            // Again, if they come again.
            try await jobs.cancel(where: .kind("unknown"))
            #expect(try count(after: .seconds(60)) == 2)
            try await jobs.enqueue(Unknown())
            try await worker.runUntilIdle()
            #expect(try count(after: .seconds(60)) == 2)
            #expect(try count(after: .seconds(60)) == 3)
        }
    }

    private struct TestTimeJob: Job { static let kind = "test-time" }

    @Test func `a tag that is paused again before all are back keeps its jobs, and none is left when that ends`()
        async throws
    {
        try await withJobs { jobs, database in
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            func begin() async throws {
                let store = jobs.store
                try await database.write { transaction in try store.beginToResume(tag: "a", in: transaction) }
            }
            func parkedCount() async throws -> Int { try await jobs.statistics().count(.parked) }
            try await jobs.pause(.tag("a"))
            try await jobs.enqueue(contentsOf: (0..<1_200).map { Note(text: "\($0)") }, tags: ["a"])
            try await worker.runUntilIdle()
            try await begin()
            #expect(try await jobs.pauses() == [])
            #expect(try await jobs.resumeSome())
            #expect(try await parkedCount() == 700)
            try await jobs.pause(.tag("a"))
            #expect(try await jobs.pauses() == [.tag("a")])
            #expect(try await !jobs.resumeSome())
            try await worker.runUntilIdle()
            #expect(try await parkedCount() == 1_200)
            // Who ends it now dies; somebody who was at the first end goes on.
            try await begin()
            for _ in 0..<3 { #expect(try await jobs.resumeSome()) }
            #expect(try await parkedCount() == 0)
            #expect(try await !jobs.resumeSome())
            #expect(try database.read { snapshot in try snapshot.rowCount(of: "lite_job_pauses") } == 0)
            try await worker.runUntilIdle()
            #expect(try await jobs.statistics().count(.completed) == 1_200)
        }
    }

    @Test func `a job that another worker takes now and then is not told of as one that nobody knows`() async throws {
        struct Unknown: Job { static let kind = "unknown" }
        let log = RecordingLog()
        try await withTemporaryDatabase { database in
            let jobs = try await JobQueue(database, logger: log.logger)
            let id = try await jobs.enqueue(Unknown()).id
            let foreign = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await foreign.runUntilIdle()
            let passed = Mutex(Duration.zero)
            let start = SuspendingClock.now
            let rescuer = Rescuer(jobs: jobs) { start + passed.withLock { $0 } }
            for _ in 0..<3 {
                passed.withLock { $0 += .seconds(60) }
                try rescuer.warnOfParked()
                // One that knows it has brought it back, and the other one was quicker.
                try await database.execute(
                    "UPDATE lite_jobs SET state = 'available', reason = NULL WHERE id = \(id.rawValue)")
                try await foreign.runUntilIdle()
                #expect(try await jobs.job(id)?.reason == .unknownKind)
            }
            #expect(log.count(of: "no worker knows") == 0)
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
