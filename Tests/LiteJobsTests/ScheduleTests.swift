import Foundation
import LiteDB
import LiteStackTesting
import Synchronization
import Testing

@testable import LiteJobs

@Suite(.timeLimit(.minutes(5))) struct ScheduleTests {
    private func slots(_ jobs: JobQueue, _ schedule: String = "tick") async throws -> [Double] {
        var filter = JobFilter()
        filter.schedule = schedule
        return try await jobs.jobs(where: filter).compactMap { $0.scheduledFor?.timeIntervalSince(TestTime.start) }
            .sorted()
    }

    private func tick(_ catchUp: JobSchedule.CatchUp = .latest) -> JobSchedule {
        JobSchedule("tick", "@every 60s", catchUp: catchUp, Note(text: "tick"))
    }

    @Test func `a schedule puts its job into the queue at its time, once, with several workers`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, database in
            let other = try await JobQueue(database, configuration: time.configuration, logger: silent)
            try await jobs.declare(schedules: [tick()])
            let seen = Mutex<[Date]>([])
            func worker(_ queue: JobQueue) -> Worker {
                queue.worker { handlers in
                    handlers.handle(Note.self) { _, context in
                        seen.withLock { $0.append(context.scheduledFor ?? .distantPast) }
                    }
                }
            }
            try await running(worker(jobs)) {
                try await running(worker(other)) {
                    for count in 1...3 {
                        try await time.clock.waitForSleepers(2)
                        time.clock.advance(by: .seconds(60))
                        try await eventually("time \(count)") { seen.withLock { $0.count } >= count }
                    }
                }
            }
            #expect(seen.withLock { $0 } == [60, 120, 180].map { TestTime.start + $0 })
        }
    }

    @Test(arguments: [
        (JobSchedule.CatchUp.latest, [600.0]), (.skip, [600]), (.all(max: 3), [480, 540, 600]),
        (.all(max: 100), [60, 120, 180, 240, 300, 360, 420, 480, 540, 600]),
    ])
    func `what was missed is made up for as the schedule says`(
        catchUp: JobSchedule.CatchUp, expected: [Double]
    ) async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            try await jobs.declare(schedules: [tick(catchUp)])
            time.clock.advance(by: .seconds(630))
            try await jobs.fireSchedules()
            #expect(try await slots(jobs) == expected)
            try await jobs.fireSchedules()
            #expect(try await slots(jobs) == expected)
        }
    }

    @Test func `a time that was missed long ago is skipped if the schedule says so`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            try await jobs.declare(schedules: [
                JobSchedule("tick", "0 3 * * *", zone: "Europe/Berlin", catchUp: .skip, Note())
            ])
            time.clock.advance(by: .seconds(3 * 86_400))
            try await jobs.fireSchedules()
            #expect(try await slots(jobs) == [])
            #expect(try await jobs.schedules().first?.nextAt ?? .distantPast > TestTime.start + 3 * 86_400)
        }
    }

    @Test(.timeLimit(.minutes(5))) func `years of absence cost no more than what is made up for`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, database in
            let often = JobSchedule("tick", "* * * * *", zone: "Europe/Berlin", catchUp: .all(max: 5), Note())
            try await jobs.declare(schedules: [often, JobSchedule("rare", "0 0 29 2 *", Note())])
            time.clock.advance(by: .seconds(20 * 366 * 86_400))
            try await jobs.fireSchedules()
            #expect(try await slots(jobs).count == 5)
            #expect(try await slots(jobs, "rare").count == 1)
        }
    }

    @Test(arguments: ["timing = '@lunar'", "zone = 'Mars/Olympus'", "queue = ''"])
    func `a schedule that cannot be read or kept holds no other back`(change: String) async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, database in
            let later = JobSchedule("later", "0 * * * *", zone: "Europe/Berlin", Note())
            try await jobs.declare(schedules: [tick(), later])
            let next = Int64(TestTime.start.timeIntervalSince1970 + 60) * 1_000
            try await database.execute(
                "UPDATE lite_job_schedules SET \(raw: change), next_at = \(next) WHERE name = 'later'")
            time.clock.advance(by: .seconds(60))
            try await jobs.fireSchedules()
            #expect(try await slots(jobs) == [60])
            #expect(try await slots(jobs, "later") == [])
        }
    }

    @Test func `a time that has its job already is passed over`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, database in
            try await jobs.declare(schedules: [tick()])
            let next = try #require(try await jobs.schedules().first?.nextAt)
            time.clock.advance(by: .seconds(60))
            try await jobs.fireSchedules()
            // As after it was removed and declared again, with the clock put back in between.
            try await jobs.remove(schedule: "tick")
            try await jobs.declare(schedules: [tick()])
            try await database.execute(
                "UPDATE lite_job_schedules SET next_at = \(Int64(next.timeIntervalSince1970 * 1_000))")
            try await jobs.fireSchedules()
            #expect(try await slots(jobs) == [60])
            time.clock.advance(by: .seconds(60))
            try await jobs.fireSchedules()
            #expect(try await slots(jobs) == [60, 120])
        }
    }

    @Test func `a clock that is put back brings no time twice, and one that is put forward skips to now`() async throws
    {
        let time = TestTime()
        let shift = Mutex(0.0)
        var configuration = time.configuration
        configuration.now = { TestTime.start + time.clock.now.offset / .seconds(1) + shift.withLock { $0 } }
        try await withJobs(configuration) { jobs, _ in
            try await jobs.declare(schedules: [tick()])
            time.clock.advance(by: .seconds(60))
            try await jobs.fireSchedules()
            shift.withLock { $0 = -3_600 }
            for _ in 0..<30 {
                time.clock.advance(by: .seconds(60))
                try await jobs.fireSchedules()
            }
            #expect(try await slots(jobs) == [60])
            shift.withLock { $0 = 3_600 }
            try await jobs.fireSchedules()
            #expect(try await slots(jobs).count == 2)
        }
    }

    @Test func `a schedule is paused, resumed, run now and removed`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            try await jobs.set(schedule: tick())
            try await jobs.pause(schedule: "tick")
            time.clock.advance(by: .seconds(90))
            try await jobs.fireSchedules()
            #expect(try await slots(jobs) == [])
            let now = try await jobs.run(schedule: "tick")
            #expect(try await jobs.job(now)?.schedule == "tick")
            #expect(try await jobs.job(now)?.scheduledFor == nil)
            try await jobs.resume(schedule: "tick")
            try await jobs.fireSchedules()
            #expect(try await slots(jobs) == [60])
            try await jobs.remove(schedule: "tick")
            #expect(try await jobs.schedules().isEmpty)
            await #expect { try await jobs.pause(schedule: "tick") } throws: {
                ($0 as? JobError)?.code == .noSuchSchedule
            }
        }
    }

    @Test func `what the code no longer declares is retired, comes back with a rollback, and run-time ones stay`()
        async throws
    {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            try await jobs.declare(schedules: [tick(), JobSchedule("nightly", "@daily", Note())])
            try await jobs.set(schedule: JobSchedule("mine", "@hourly", Note()))
            try await jobs.pause(schedule: "nightly")
            try await jobs.declare(schedules: [JobSchedule("nightly", "@daily", Note(text: "new"))])
            let records = try await jobs.schedules()
            #expect(records.map(\.name) == ["mine", "nightly", "tick"])
            #expect(records.map(\.isRetired) == [false, false, true])
            #expect(records.map(\.isPaused) == [false, true, false])
            #expect(records.map(\.isFromCode) == [false, true, true])
            time.clock.advance(by: .seconds(600))
            try await jobs.fireSchedules()
            #expect(try await slots(jobs) == [])
            try await jobs.declare(schedules: [tick(), JobSchedule("nightly", "@daily", Note())])
            time.clock.advance(by: .seconds(60))
            try await jobs.fireSchedules()
            #expect(try await slots(jobs) == [660])
        }
    }

    @Test func `declaring again does not move a schedule's place in time`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            try await jobs.declare(schedules: [tick()])
            time.clock.advance(by: .seconds(59))
            try await jobs.declare(schedules: [tick()])
            time.clock.advance(by: .seconds(1))
            try await jobs.fireSchedules()
            #expect(try await slots(jobs) == [60])
        }
    }

    @Test func `a schedule that cannot be is refused`() async throws {
        try await withJobs { jobs, _ in
            let wrong = [
                [JobSchedule("a", "0 0 30 2 *", Note())], [JobSchedule("a", "@daily", zone: "Mars/Olympus", Note())],
                [JobSchedule("a", "61 * * * *", Note())], [tick(), tick()],
            ]
            for schedules in wrong {
                await #expect { try await jobs.declare(schedules: schedules) } throws: {
                    ($0 as? JobError)?.code == .invalidSchedule
                }
            }
            let large = Note(text: String(repeating: "x", count: 1 << 20))
            await #expect { try await jobs.set(schedule: JobSchedule("a", "@daily", large)) } throws: {
                ($0 as? JobError)?.code == .tooLarge
            }
            let schedules = try await jobs.schedules()
            #expect(schedules.isEmpty)
        }
    }
}
