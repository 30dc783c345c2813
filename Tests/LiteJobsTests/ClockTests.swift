import Foundation
import LiteDB
import LiteStackTesting
import Synchronization
import Testing

@testable import LiteJobs

/// Clocks that jump, and machines that sleep. Of a machine that slept both clocks are later when it wakes; of one whose clock
/// was set, or that was resumed from a copy of its memory, the time of day alone is.
@Suite(.timeLimit(.minutes(5))) struct ClockTests {
    /// A worker at rest, with a job and a schedule that come in an hour.
    private func withSleepingWorker(
        _ body: (TestJobs, _ later: JobID, _ waiting: () async throws -> [JobRecord.State]) async throws -> Void
    ) async throws {
        try await withTemporaryJobs { test in
            let later = try await test.jobs.enqueue(Note(text: "later"), delay: .seconds(3_600)).id
            try await test.jobs.set(schedule: JobSchedule("hourly", "@every 1h", Note(text: "tick")))
            let worker = test.jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await running(worker) {
                _ = try await test.jobs.job(try await test.jobs.enqueue(Note(text: "first")), reaches: .completed)
                // Its quick timers of busier times end; then it looks around seldom.
                for _ in 0..<4 {
                    try await test.clock.waitForSleepers()
                    test.clock.advance(by: JobQueue.Configuration().housekeepingInterval)
                    _ = try await test.jobs.job(try await test.jobs.enqueue(Note()), reaches: .completed)
                }
                try await test.clock.waitForSleepers()
                try await body(test, later) {
                    var filter = JobFilter()
                    filter.schedule = "hourly"
                    let ticks = try await test.jobs.jobs(where: filter).map(\.state)
                    return [try await test.jobs.job(later)?.state ?? .unknown] + ticks
                }
            }
        }
    }

    /// The time after which a worker at rest has looked around in any case.
    private static let rest = JobQueue.Configuration().housekeepingInterval * 30

    /// Lets the clock go on for some minutes at most, until the job and the schedule have come, once: a worker that was about
    /// to sleep when the clock jumped does so from then on.
    private func bothCome(_ test: TestJobs, _ states: () async throws -> [JobRecord.State]) async throws {
        var looks = 0
        try await eventually("both have come") {
            if looks % 10 == 0, looks < 600 { test.clock.advance(by: Self.rest) }
            looks += 1
            return try await states() == [.completed, .completed]
        }
    }

    @Test func `a worker at rest finds what came due because the clock was set`() async throws {
        try await withSleepingWorker { test, _, states in
            test.clock.stepDate(by: .seconds(3_600))
            // No sleep ends by that.
            try await bothCome(test, states)
        }
    }

    @Test func `a time of day that stands still brings nothing early, whatever other clocks say`() async throws {
        try await withSleepingWorker { test, _, states in
            for _ in 0..<10 {
                try await test.clock.waitForSleepers()
                test.clock.stepDate(by: .seconds(-1_000))
                test.clock.advance(by: .seconds(1_000))
                // The worker looks at the time of day before it runs this one.
                _ = try await test.jobs.job(try await test.jobs.enqueue(Note()), reaches: .completed)
                #expect(try await states() == [.scheduled])
            }
            // It goes on to sleep until the time of day has come.
            test.clock.stepDate(by: .seconds(3_595))
            try await bothCome(test, states)
        }
    }

    @Test func `a machine that slept runs at its waking what came due, and makes up for what was missed`() async throws
    {
        try await withSleepingWorker { test, _, states in
            try await test.clock.waitForSleepers()
            test.clock.advance(by: .seconds(8 * 3_600))
            // Eight times were missed: the last one counts.
            try await bothCome(test, states)
            let next = try await test.jobs.schedules().first?.nextAt
            #expect(next ?? .distantPast > test.clock.date)
        }
    }

    @Test func `a retry waits by the time of day, and is not lost when that is put back`() async throws {
        try await withTemporaryJobs { test in
            let worker = test.jobs.worker { handlers in
                handlers.handle(Note.self) { _, context in if context.attempt == 1 { throw Broken() } }
            }
            let job = try await test.jobs.enqueue(Note())
            try await test.drain(worker)
            // Ridden out: the time of this process stands still until the clock has caught up.
            test.clock.stepDate(by: .seconds(-120))
            try await test.drain(worker, through: .seconds(129))
            #expect(try await job.record()?.state == .scheduled)
            try await test.drain(worker, through: .seconds(1))
            #expect(try await job.record()?.state == .completed)
        }
    }

    @Test func `a clock that is set, and a machine that slept, make no worker silent`() async throws {
        let log = RecordingLog()
        try await withTemporaryDatabase { database in
            let jobs = try await JobQueue(database, logger: log.logger)
            try await jobs.enqueue(Note())
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            let other = try await WorkerRegistration.make(for: worker)
            let plan = ClaimPlan(
                shares: [.init(queue: "default", limit: 1)], limit: 1, startCount: 1, overdueBefore: nil)
            #expect(try await other.turn([], plan).claimed.count == 1)
            // By the time of day its last sign of life was an hour ago.
            try FileManager.default.setAttributes(
                [.modificationDate: Date() - 3_600], ofItemAtPath: other.lock.path)
            let passed = Mutex(Duration.zero)
            let start = SuspendingClock.now
            let rescuer = Rescuer(jobs: jobs) { start + passed.withLock { $0 } }
            func look(after wait: Duration) async throws -> Int {
                passed.withLock { $0 += wait }
                try await rescuer.look(except: 0)
                return log.count(of: "no sign of life")
            }
            #expect(try await look(after: .zero) == 0)
            #expect(try await look(after: .seconds(19)) == 0)
            other.lock.touch()
            #expect(try await look(after: .seconds(19)) == 0)
            // It is, if it says nothing while the machine runs.
            #expect(try await look(after: .seconds(20)) == 1)
            #expect(try await look(after: .seconds(20)) == 1)
            // The kernel's own notes of the time can be the same for some milliseconds.
            try FileManager.default.setAttributes([.modificationDate: Date() + 5], ofItemAtPath: other.lock.path)
            #expect(try await look(after: .seconds(1)) == 1)
            #expect(try await look(after: .seconds(20)) == 2)
            other.abandon()
        }
    }

    @Test func `old jobs are removed although the clock was years ahead before`() async throws {
        try await withTemporaryJobs { test in
            let rescuer = Rescuer(jobs: test.jobs)
            test.clock.stepDate(by: .seconds(10 * 365 * 86_400))
            _ = try await rescuer.prune()
            test.clock.stepDate(by: .seconds(-10 * 365 * 86_400))
            try await test.database.execute(
                "INSERT INTO lite_jobs (kind, state, finished_at, prune_at, payload) VALUES ('note', 'completed', 1, 2, '{}')"
            )
            _ = try await rescuer.prune()
            #expect(try await test.jobs.statistics().count(.completed) == 0)
        }
    }

    @Test func `jobs that have waited too long go first although the clock was years ahead before`() {
        var planner = ClaimPlanner(queues: ["default"], order: .strict)
        func isAgeing(at now: Int64) -> Bool {
            planner.plan(1, startCount: 1, claimed: [:], ageing: .seconds(60), at: now)?.overdueBefore != nil
        }
        #expect(isAgeing(at: 1_000_000_000_000))
        #expect(!isAgeing(at: 1_000_000_000_500))
        #expect(isAgeing(at: 500_000_000_000))
        #expect(!isAgeing(at: 500_000_000_500))
        #expect(isAgeing(at: 500_000_001_000))
    }

    @Test func `the sleep of a machine is no time of an attempt's`() {
        #expect(JobQueue.Configuration().attemptClock is SuspendingClock)
        let time = TestTime()
        #expect(time.configuration.attemptClock is TestClock)
    }
}
