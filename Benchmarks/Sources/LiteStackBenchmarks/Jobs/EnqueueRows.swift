import CBenchSQLite
import LiteDB
import LiteJobs

/// `jobs.enqueue.full.1`, `jobs.enqueue.full.64` and `jobs.enqueue.bulk.1000`.
enum EnqueueRows {
    private static let raw =
        "raw C API, synchronous FULL, checkpoint after 1,000 frames: the same row with its indexes and triggers"

    static let single = Benchmark(name: "jobs.enqueue.full.1") { plan in
        let file = try await JobFile(in: plan)
        let raw = try RawJobs(path: try await JobFile.empty(in: plan), durability: .full)
        var latencies = Latencies()
        var count = 0
        let comparison = try await Comparison(plan) {
            try await perCall(plan.roundDuration, &latencies) {
                count += 1
                try await file.queue.enqueue(Noop(number: count))
            }
        } baseline: {
            var uncounted = Latencies()
            return try await perCall(plan.roundDuration, &uncounted) {
                count += 1
                try raw.insert(count)
            }
        }
        await file.database.close()
        return [
            ResultRow(
                "jobs.enqueue.full.1", unit: "µs", better: .lower, goal: 1.3, comparison,
                against: Self.raw + ", one autocommit INSERT after the other",
                latencies: latencies.summary(.microseconds),
                text: "1 task enqueues small jobs one after the other, `.full`")
        ]
    }

    static let concurrent = Benchmark(name: "jobs.enqueue.full.64") { plan in
        let file = try await JobFile(in: plan)
        let raw = try RawJobs(path: try await JobFile.empty(in: plan), durability: .full)
        var count = 0
        let comparison = try await Comparison(plan) {
            let queue = file.queue
            return try await JobLoad.perSecond(plan.roundDuration, taskCount: 64) { number in
                try await queue.enqueue(Noop(number: number))
            }
        } baseline: {
            let start = bench_now()
            let end = start + plan.roundDuration.nanoseconds
            let before = count
            while bench_now() < end {
                count += 1
                try raw.insert(count)
            }
            return Double(count - before) / (Double(bench_now() - start) / 1e9)
        }
        await file.database.close()
        return [
            ResultRow(
                "jobs.enqueue.full.64", unit: "jobs/s", better: .higher, goal: 10, comparison,
                against: Self.raw + ", one thread, one autocommit INSERT after the other",
                text: "64 tasks enqueue small jobs one after the other, `.full`")
        ]
    }

    static let bulk = Benchmark(name: "jobs.enqueue.bulk.1000") { plan in
        let file = try await JobFile(in: plan)
        let raw = try RawJobs(path: try await JobFile.empty(in: plan), durability: .full)
        var count = 0
        let comparison = try await Comparison(plan, roundCount: plan.isQuick ? 3 : 9) {
            try await perSecond(plan.roundDuration) {
                count += 1000
                try await file.queue.enqueue(contentsOf: (count..<count + 1000).map { Noop(number: $0) })
            }
        } baseline: {
            try await perSecond(plan.roundDuration) {
                count += 1000
                try raw.insert(count..<count + 1000)
            }
        }
        await file.database.close()
        return [
            ResultRow(
                "jobs.enqueue.bulk.1000", unit: "jobs/s", better: .higher, goal: 0.5, comparison,
                against: Self.raw + ", 1,000 INSERTs in one transaction, the JSON made by interpolation",
                text: "`enqueue(contentsOf:)` of 1,000 small jobs, encoded in the measured time, `.full`")
        ]
    }

    /// Microseconds for each call.
    private static func perCall(
        _ duration: Duration, _ latencies: inout Latencies, _ call: () async throws -> Void
    ) async throws -> Double {
        let start = bench_now()
        var now = start
        var count = 0
        while now < start + duration.nanoseconds {
            try await call()
            let done = bench_now()
            latencies.record(done - now)
            now = done
            count += 1
        }
        return Double(now - start) / Double(count) / 1000
    }

    /// Jobs a second in calls of 1,000.
    private static func perSecond(_ duration: Duration, _ call: () async throws -> Void) async throws -> Double {
        let start = bench_now()
        var count = 0
        while bench_now() < start + duration.nanoseconds {
            try await call()
            count += 1000
        }
        return Double(count) / (Double(bench_now() - start) / 1e9)
    }
}

/// Many tasks at once.
enum JobLoad {
    /// Calls a second of so many tasks, each making one call after the other.
    static func perSecond(
        _ duration: Duration, taskCount: Int, _ call: @escaping @Sendable (Int) async throws -> Void
    ) async throws -> Double {
        let start = bench_now()
        let end = start + duration.nanoseconds
        let total = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<taskCount {
                group.addTask {
                    var count = 0
                    while bench_now() < end {
                        try await call(task * 1_000_000 + count)
                        count += 1
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(total) / (Double(bench_now() - start) / 1e9)
    }
}
