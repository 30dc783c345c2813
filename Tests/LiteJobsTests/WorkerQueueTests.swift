import LiteDB
import LiteStackTesting
import Synchronization
import Testing

@testable import LiteJobs

@Suite(.timeLimit(.minutes(5))) struct WorkerQueueTests {
    @Test func `weighted queues get their shares, and the share of those that are empty`() {
        var planner = ClaimPlanner(
            queues: [WorkerQueue("a", weight: 3), WorkerQueue("b", weight: 1)], order: .weighted)
        var counts = ["a": 0, "b": 0]
        for _ in 0..<100 {
            // Only one slot is free each time, and both queues have jobs.
            let first = planner.plan(1, startCount: 1, claimed: [:], ageing: nil, at: 0)?.shares.first
            counts[first?.queue ?? "", default: 0] += 1
        }
        #expect(counts == ["a": 75, "b": 25])
        let plan = planner.plan(8, startCount: 8, claimed: [:], ageing: nil, at: 0)
        #expect(plan?.shares.prefix(2).map(\.limit).reduce(0, +) ?? 0 >= 7)
        // Whatever the shares, each queue is offered all that is left.
        #expect(Set(plan?.shares.map(\.queue) ?? []) == ["a", "b"])
    }

    @Test func `a queue's own concurrency is kept to`() async throws {
        try await withJobs { jobs, _ in
            let now = Atomic<Int>(0)
            let most = Atomic<Int>(0)
            let (done, mayEnd) = (TestSignal(), TestSignal())
            for number in 0..<12 { try await jobs.enqueue(Note(text: "\(number)"), queue: "few") }
            try await jobs.enqueue(OnceOnly(), queue: "many")
            let worker = jobs.worker(queues: [WorkerQueue("few", concurrency: 2), "many"], concurrency: 6) { handlers in
                handlers.handle(Note.self) { _, _ in
                    let count = now.add(1, ordering: .sequentiallyConsistent).newValue
                    most.max(count, ordering: .sequentiallyConsistent)
                    try await mayEnd.wait()
                    now.subtract(1, ordering: .sequentiallyConsistent)
                    done.send()
                }
                handlers.handle(OnceOnly.self) { _, _ in mayEnd.send() }
            }
            try await running(worker) { try await done.wait(count: 12) }
            #expect(most.load(ordering: .sequentiallyConsistent) == 2)
        }
    }

    @Test func `a job that has waited too long runs before younger ones of a higher priority`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            let order = Mutex<[String]>([])
            try await jobs.enqueue(Note(text: "old"), priority: -9)
            time.clock.advance(by: .seconds(15 * 60 + 1))
            for number in 0..<5 { try await jobs.enqueue(Note(text: "young \(number)"), priority: 9) }
            let worker = jobs.worker(concurrency: 1) { handlers in
                handlers.handle(Note.self) { job, _ in order.withLock { $0.append(job.text) } }
            }
            try await worker.runUntilIdle()
            #expect(order.withLock { $0 }.first == "old")
        }
    }

    @Test func `what was claimed ahead is given back at a shutdown, and costs no attempt`() async throws {
        try await withJobs { jobs, _ in
            let pool = TestSignal()
            let ids = try await jobs.enqueue(contentsOf: (0..<5).map { Note(text: "\($0)") }).map(\.id)
            let worker = jobs.worker(concurrency: 1) { handlers in
                handlers.handle(Note.self) { _, _ in
                    pool.send()
                    try await TestSignal().wait()
                }
            }
            let control = WorkerControl()
            let loop = WorkerLoop(worker: worker, control: control)
            let registration = try await WorkerRegistration.make(for: worker)
            let plan = ClaimPlan(
                shares: [.init(queue: "default", limit: 5)], limit: 5, startCount: 1, overdueBefore: nil)
            let claimed = try await registration.turn([], plan).claimed
            #expect(claimed.map(\.id) == ids)
            loop.pool.add(claimed)
            try await pool.wait()
            #expect(loop.pool.runningCount == 1)
            loop.pool.stopStarting()
            control.enter(.cancelling)
            loop.pool.cancelAll()
            try await eventually("the first has ended") { loop.pool.runningCount == 0 }
            _ = try await registration.turn(loop.pool.takeEnded(), nil)
            await registration.end()
            for id in ids {
                let job = try #require(try await jobs.job(id))
                #expect(job.state == .available && job.attempt == 0 && job.crashCount == 0)
            }
        }
    }

    @Test(arguments: [(WorkerQueue("default"), 1), (WorkerQueue("default", concurrency: 1), 2)])
    func `a worker without room sleeps although a job is due`(queue: WorkerQueue, concurrency: Int) async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            let (started, mayEnd) = (TestSignal(), TestSignal())
            let worker = jobs.worker(queues: [queue], concurrency: concurrency) { handlers in
                handlers.handle(Note.self) { _, _ in
                    started.send()
                    try await mayEnd.wait()
                }
            }
            let loop = WorkerLoop(worker: worker, control: WorkerControl())
            let registration = try await WorkerRegistration.make(for: worker)
            try await jobs.enqueue(Note())
            try await jobs.enqueue(Note(), delay: .seconds(1))
            func turn() async throws {
                let result = await withDiscardingTaskGroup { group -> Result<Void, any Error> in
                    defer { group.cancelAll() }
                    do { return .success(try await loop.turn(registration, &group)) } catch { return .failure(error) }
                }
                try result.get()
            }
            try await turn()
            try await started.wait()
            time.clock.advance(by: .seconds(2))
            try await turn()
            // A timer for what is due would be one of the next millisecond.
            let now = jobs.clock.milliseconds()
            #expect(loop.pace.newTimer(now, at: now, limit: .seconds(1)) != nil)
            mayEnd.send()
            try await eventually("the attempt has ended") { loop.pool.runningCount == 0 }
            _ = try await registration.turn(loop.pool.takeEnded(), nil)
            await registration.end()
        }
    }

    @Test func `two handlers of one kind are a mistake of the program`() async {
        await #expect(processExitsWith: .failure) {
            var handlers = JobHandlers()
            handlers.handle(Note.self) { _, _ in }
            handlers.handle(Note.self) { _, _ in }
        }
    }
}
