import CBenchSQLite
import LiteDB
import LiteJobs
import Synchronization

/// `jobs.wake`: from the return of an enqueue to the start of the handler in a worker that had nothing to do.
enum WakeRows {
    static let full = Benchmark(name: "jobs.wake.process") { plan in
        try await inProcess(plan, "jobs.wake.process", .init())
    }

    static let normal = Benchmark(name: "jobs.wake.process.normal") { plan in
        try await inProcess(plan, "jobs.wake.process.normal", .normal)
    }

    private static func inProcess(
        _ plan: Plan, _ name: String, _ configuration: Database.Configuration
    ) async throws -> [ResultRow] {
        let file = try await JobFile(in: plan, configuration)
        let starts = Starts()
        let worker = file.queue.worker { handlers in
            handlers.handle(Noop.self) { job, _ in starts.note(job.number) }
        }
        let run = Task { try await worker.run() }
        try await Task.sleep(for: .milliseconds(100))  // the worker has nothing to do and waits
        let returns = try await enqueue(plan.isQuick ? 100 : 2_000, file.queue)
        try await Task.sleep(for: .milliseconds(200))  // the last jobs start
        run.cancel()
        try await run.value
        await file.database.close()
        return try rows(
            name, returns, starts.all, goals: (0.3, 2), "in the same process, `\(configuration.durability)`")
    }

    static let cross = Benchmark(name: "jobs.wake.cross") { plan in
        let file = try await JobFile(in: plan)
        let child = try Child("job-worker", file.database.path)
        _ = try child.line()
        try await Task.sleep(for: .milliseconds(100))  // the worker has nothing to do and waits
        let returns = try await enqueue(plan.isQuick ? 100 : 2_000, file.queue)
        try await Task.sleep(for: .milliseconds(300))  // the last jobs start
        try child.tell("starts")
        let starts = Dictionary(try child.answer([[UInt64]].self).map { (Int($0[0]), $0[1]) }) { $1 }
        try child.tell("idle \(plan.isQuick ? 2 : 20)")
        let idlePercent = try child.answer(Double.self)
        try child.finish()
        await file.database.close()
        return try rows("jobs.wake.cross", returns, starts, goals: (0.4, 3), "in another process, `.full`") + [
            ResultRow(
                "jobs.wake.cross.idle", unit: "% of a core", better: .lower, goal: 0.05, ours: idlePercent,
                text: "CPU time of the process of an idle worker")
        ]
    }

    /// - Returns: When each enqueue returned.
    private static func enqueue(_ count: Int, _ queue: JobQueue) async throws -> [Int: UInt64] {
        var returns: [Int: UInt64] = [:]
        var random = RandomNumbers(seed: 5)
        for number in 0..<count {
            try await queue.enqueue(Noop(number: number))
            returns[number] = bench_now()
            // Apart, so that each job finds the worker asleep.
            try await Task.sleep(for: .microseconds(Int.random(in: 2_000...6_000, using: &random)))
        }
        return returns
    }

    private static func rows(
        _ name: String, _ returns: [Int: UInt64], _ starts: [Int: UInt64], goals: (p50: Double, p99: Double),
        _ place: String
    ) throws -> [ResultRow] {
        var latencies = Latencies()
        for (number, returned) in returns {
            // A job that did not start would be left out of the figures, and it is the slowest of all.
            guard let started = starts[number] else { throw WrongResult() }
            latencies.record(started > returned ? started - returned : 0)
        }
        let spread = latencies.summary(.milliseconds)
        let text =
            "from the return of an enqueue to the handler's start \(place), a job each 2 to 6 ms; "
            + "\(spread.count) jobs"
        return [
            ResultRow(
                name, unit: "ms", better: .lower, goal: goals.p50, ours: spread.p50, latencies: spread,
                text: "median " + text),
            ResultRow(
                "\(name).p99", unit: "ms", better: .lower, goal: goals.p99, ours: spread.p99,
                text: "99th percentile " + text),
        ]
    }
}

/// When handlers began.
final class Starts: Sendable {
    private let kept = Mutex<[Int: UInt64]>([:])

    var all: [Int: UInt64] { kept.withLock { $0 } }

    func note(_ number: Int) {
        let now = bench_now()
        kept.withLock { $0[number] = now }
    }
}
