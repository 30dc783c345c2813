import Foundation
import LiteDB
import LiteJobs
import LiteStackTesting
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct ControlTests {
    struct Other: Job { static let kind = "other" }

    private func worker(_ jobs: JobQueue) -> Worker {
        jobs.worker(queues: ["default", "mail"]) { handlers in
            handlers.handle(Note.self) { _, _ in }
            handlers.handle(Other.self) { _, _ in }
        }
    }

    @Test(arguments: [PauseScope.all, .queue("mail"), .kind("note"), .tag("later")])
    func `what is paused waits, the rest runs, and it goes on when it is resumed`(scope: PauseScope) async throws {
        try await withJobs { jobs, _ in
            try await jobs.pause(scope)
            try await jobs.pause(scope)
            #expect(try await jobs.pauses() == [scope])
            let held = try await jobs.enqueue(Note(), queue: "mail", tags: ["now", "later"])
            let free = try await jobs.enqueue(Other())
            try await running(worker(jobs)) {
                if scope != .all {
                    _ = try await jobs.job(free, reaches: .completed)
                    let record = try #require(try await jobs.job(held))
                    #expect(record.attempt == 0 && !record.state.isFinal)
                }
                try await jobs.resume(scope)
                _ = try await jobs.job(held, reaches: .completed)
                _ = try await jobs.job(free, reaches: .completed)
            }
            #expect(try await jobs.pauses() == [])
        }
    }

    @Test func `resuming a tag ends although its jobs have another one that is paused`() async throws {
        try await withJobs { jobs, database in
            try await jobs.pause(.tag("a"))
            try await jobs.pause(.tag("b"))
            try await jobs.enqueue(contentsOf: (0..<1_500).map { Note(text: "\($0)") }, tags: ["a", "b"])
            let free = try await jobs.enqueue(contentsOf: (0..<600).map { Note(text: "\($0)") }, tags: ["a"])
            let (done, resumed) = (TestSignal(), TestSignal())
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in done.send() } }
            func tokens() throws -> Int {
                try database.read { snapshot in
                    try snapshot.first("SELECT sum(token) FROM lite_jobs WHERE state = 'parked'", as: Int.self) ?? 0
                }
            }
            try await running(worker) {
                try await eventually("all are put aside") { try await jobs.statistics().count(.parked) == 2_100 }
                let before = try tokens()
                let resumption = Task {
                    try await jobs.resume(.tag("a"))
                    resumed.send()
                }
                try await resumed.wait(within: .seconds(30))
                try await resumption.value
                try await done.wait(count: free.count)
                #expect(try await jobs.statistics().count(.parked) == 1_500)
                // Those that stay were left alone: bringing each of them back and putting it aside again counts two.
                #expect(try tokens() == before - 600 * 2)
                try await jobs.resume(.tag("b"))
                try await done.wait(count: 2_100)
            }
        }
    }

    @Test func `a worker goes on where somebody who resumed a tag was killed`() async throws {
        try await withJobs { jobs, database in
            try await jobs.pause(.tag("a"))
            let ids = try await jobs.enqueue(contentsOf: (0..<1_200).map { Note(text: "\($0)") }, tags: ["a"]).map(\.id)
            try await worker(jobs).runUntilIdle()
            #expect(try await jobs.statistics().count(.parked) == ids.count)
            // What the first of several transactions leaves: no job is back yet.
            try await database.execute("UPDATE lite_job_pauses SET paused_at = 0")
            #expect(try await jobs.pauses() == [])
            try await running(worker(jobs)) {
                try await eventually("all are done") { try await jobs.statistics().count(.completed) == ids.count }
                try await eventually("the pause is gone") {
                    try database.read { snapshot in try snapshot.rowCount(of: "lite_job_pauses") } == 0
                }
            }
            // One that is paused again before its end is a pause again.
            try await jobs.pause(.tag("a"))
            try await database.execute("UPDATE lite_job_pauses SET paused_at = 0")
            try await jobs.pause(.tag("a"))
            #expect(try await jobs.pauses() == [.tag("a")])
        }
    }

    @Test func `a worker runs jobs while it goes on with what somebody left half resumed`() async throws {
        try await withTemporaryJobs { test in
            try await test.jobs.pause(.tag("a"))
            try await test.jobs.enqueue(contentsOf: (0..<1_200).map { Note(text: "\($0)") }, tags: ["a"])
            try await worker(test.jobs).runUntilIdle()
            try await test.database.execute("UPDATE lite_job_pauses SET paused_at = 0")
            let parked = Mutex<[Int]>([])
            let busy = test.jobs.worker(concurrency: 1) { handlers in
                handlers.handle(Note.self) { _, _ in
                    let count = try await test.jobs.statistics().count(.parked)
                    parked.withLock { $0.append(count) }
                }
            }
            try await running(busy) {
                try await eventually("all are done") {
                    // The rest between two slices.
                    if parked.withLock({ !$0.isEmpty }) { test.clock.advance(by: .milliseconds(20)) }
                    return try await test.jobs.statistics().count(.completed) == 1_200
                }
            }
            // The clock stood still until the first had run.
            #expect(parked.withLock { $0.first } == 700)
        }
    }

    @Test func `jobs are found by their times, page after page`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            var ids: [JobID] = []
            for _ in 0..<5 {
                ids.append(try await jobs.enqueue(OnceOnly()).id)
                let failing = jobs.worker { handlers in handlers.handle(OnceOnly.self) { _, _ in throw Broken() } }
                try await failing.runUntilIdle()
                time.clock.advance(by: .seconds(10))
            }
            func found(_ change: (inout JobFilter) -> Void) async throws -> [JobID] {
                var filter = JobFilter.dead
                change(&filter)
                return try await jobs.jobs(where: filter).map(\.id)
            }
            #expect(try await found { $0.enqueuedAfter = TestTime.start + 20 } == [ids[4], ids[3]])
            #expect(try await found { $0.finishedAfter = TestTime.start + 10 } == [ids[4], ids[3], ids[2]])
            #expect(try await found { $0.finishedBefore = TestTime.start + 20 } == [ids[1], ids[0]])
            #expect(try await found { $0.limit = 2 } == [ids[4], ids[3]])
            #expect(try await found { ($0.limit, $0.before) = (2, ids[3]) } == [ids[2], ids[1]])
            #expect(try await found { $0.limit = -1 } == [])
            var filter = JobFilter.dead
            (filter.finishedAfter, filter.finishedBefore) = (TestTime.start, TestTime.start + 20)
            #expect(try await jobs.retry(where: filter) == 1)
            #expect(try await jobs.job(ids[1])?.state == .available)
        }
    }

    @Test func `a job that is due while all is paused keeps no worker from being idle`() async throws {
        try await withTemporaryJobs { test in
            try await test.jobs.pause(.all)
            let held = try await test.jobs.enqueue(Note(), delay: .seconds(10))
            try await test.drain(worker(test.jobs), through: .seconds(60))
            #expect(try await test.jobs.job(held)?.state == .scheduled)
            try await test.jobs.resume(.all)
            try await test.drain(worker(test.jobs))
            #expect(try await test.jobs.job(held)?.state == .completed)
        }
    }

    @Test func `jobs are found by what they are and what became of them`() async throws {
        try await withJobs { jobs, _ in
            let bad = try await jobs.enqueue(OnceOnly(), tags: ["red"])
            let good = try await jobs.enqueue(Note(text: "x"), queue: "odd 'queue' \"ü\"", tags: ["blue"])
            let worker = jobs.worker { handlers in
                handlers.handle(OnceOnly.self) { _, _ in throw Broken(description: "no paint left") }
            }
            try await running(worker) { _ = try await jobs.job(bad, reaches: .dead) }
            #expect(try await jobs.jobs(where: .dead).map(\.id) == [bad.id])
            #expect(try await jobs.jobs(where: .kind("note")).map(\.id) == [good.id])
            #expect(try await jobs.jobs(where: .tag("blue")).map(\.id) == [good.id])
            var filter = JobFilter()
            filter.errorContains = "paint"
            #expect(try await jobs.jobs(where: filter).map(\.id) == [bad.id])
            filter = JobFilter()
            filter.queue = "odd 'queue' \"ü\""
            #expect(try await jobs.jobs(where: filter).map(\.id) == [good.id])
            filter = .dead
            filter.reason = .attemptsExhausted
            #expect(try await jobs.retry(where: filter) == 1)
            #expect(try await jobs.job(bad)?.state == .available)
            #expect(try await jobs.cancel(where: JobFilter()) == 2)
            #expect(try await jobs.remove(where: .states(.cancelled)) == 2)
            #expect(try await jobs.jobs(where: JobFilter()).isEmpty)
        }
    }

    @Test func `the counts are right however jobs change`() async throws {
        try await withJobs { jobs, database in
            try await jobs.enqueue(contentsOf: (0..<20).map { Note(text: "\($0)") })
            try await jobs.enqueue(Note(), delay: .seconds(600))
            let bad = try await jobs.enqueue(OnceOnly())
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, _ in }
                handlers.handle(OnceOnly.self) { _, _ in throw Broken() }
            }
            try await running(worker) { _ = try await jobs.job(bad, reaches: .dead) }
            try await database.execute("DELETE FROM lite_jobs WHERE state = 'completed' AND id % 2 = 0")
            let counted = try database.read { snapshot in
                try snapshot.all("SELECT state || count(*) FROM lite_jobs GROUP BY state ORDER BY 1", as: String.self)
            }
            let kept = try database.read { snapshot in
                try snapshot.all(
                    "SELECT state || sum(count) FROM lite_job_depth GROUP BY state ORDER BY 1", as: String.self)
            }
            #expect(counted == kept)
            #expect(kept == ["completed10", "dead1", "scheduled1"])
        }
    }

    @Test func `the oldest age is that of the job that has waited longest, whatever its priority`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            try await jobs.enqueue(Note(), priority: -3)
            time.clock.advance(by: .seconds(5))
            try await jobs.enqueue(Note(), priority: 9)
            time.clock.advance(by: .seconds(2))
            #expect(try await jobs.statistics().oldestAges == ["default": .seconds(7)])
        }
    }

    @Test func `a job that was not started in time is dead`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            let late = try await jobs.enqueue(Note(), expiresAfter: .seconds(30))
            let inTime = try await jobs.enqueue(Note(), delay: .seconds(20), expiresAfter: .seconds(30))
            time.clock.advance(by: .seconds(31))
            try await running(worker(jobs)) {
                let dead = try await jobs.job(late, reaches: .dead)
                #expect(dead.reason == .expired && dead.attempt == 0)
                _ = try await jobs.job(inTime, reaches: .completed)
            }
        }
    }

    @Test func `progress is seen while the job runs`() async throws {
        try await withJobs { jobs, _ in
            let mayEnd = TestSignal()
            let job = try await jobs.enqueue(Note())
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, context in
                    try await context.report(progress: 0.25, "first quarter")
                    try await context.report(progress: 0.5, "half")
                    try await mayEnd.wait()
                }
            }
            try await running(worker) {
                try await eventually("the last report") { try await jobs.job(job)?.progress == 0.5 }
                #expect(try await jobs.job(job)?.progressMessage == "half")
                mayEnd.send()
                _ = try await jobs.job(job, reaches: .completed)
            }
        }
    }
}
