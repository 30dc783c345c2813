import CBenchSQLite
import LiteCache

/// `cache.set.…`: values that are overwritten, by one task and by 64.
enum CacheSetRows {
    static let one = Benchmark(name: "cache.set.1") { plan in
        let pairs = try await PairsFile(in: plan)
        let filled = try await FilledCache(pairs, in: plan, memoryBytes: 32 << 20)
        let raw = try RawUpserts(pairs)
        var feed = UpsertFeed(pairs)
        let comparison = try await Comparison(plan) {
            try await Stopwatch.time(for: plan.roundDuration, batch: 8) {
                let (key, value) = feed.pair()
                try await filled.cache.set(key, value)
            } / 1000
        } baseline: {
            try raw.nanoseconds(for: plan.roundDuration) / 1000
        }
        await filled.cache.close()
        return [
            ResultRow(
                "cache.set.1", unit: "µs", better: .lower, goal: 1.6, comparison, against: rawText,
                text: "1 task sets 100 bytes under random keys among 100,000, changing values")
        ]
    }

    static let hot = Benchmark(name: "cache.set.64") { plan in
        try await row(plan, "cache.set.64", goal: 2.5, count: 1_000)
    }

    static let random = Benchmark(name: "cache.set.random.64") { plan in
        try await row(plan, "cache.set.random.64", goal: 1.3, count: 100_000)
    }

    private static let rawText =
        "raw C API, synchronous NORMAL, checkpoint after 4,000 frames; one thread, one autocommit upsert after the other"

    private static func row(
        _ plan: Plan, _ name: String, goal: Double, count: Int
    ) async throws -> [ResultRow] {
        // The hot keys alone, on both sides: among others they would lie side by side in the one table, since they are
        // named alike, and apart in the other.
        let pairs = try await PairsFile(in: plan, keyCount: count)
        let filled = try await FilledCache(pairs, in: plan, memoryBytes: 32 << 20)
        let raw = try RawUpserts(pairs)
        let comparison = try await Comparison(plan) {
            try await SixtyFourTasks.perSecond(plan.roundDuration) { task in
                let order = filled.order(seed: UInt64(task))
                return { number in
                    let index = order[number % order.count]
                    try await filled.cache.set(
                        filled.keys[index], filled.values[(index + number) % filled.values.count])
                }
            }
        } baseline: {
            1e9 / (try raw.nanoseconds(for: plan.roundDuration))
        }
        await filled.cache.close()
        return [
            ResultRow(
                name, unit: "sets/s", better: .higher, goal: goal, comparison, against: rawText,
                text: "64 tasks set 100 bytes under random keys among \(count), changing values")
        ]
    }
}

/// Upserts one pair after the other through the C API.
final class RawUpserts {
    private let statement: RawStatement
    private let keys: [String]
    private let values: [[UInt8]]
    private let order: [Int]
    private var next = 0

    init(_ pairs: PairsFile) throws {
        statement = try RawDatabase(path: pairs.path, durability: .normal).prepare(PairsFile.upsert)
        (keys, values) = (pairs.keys, pairs.values)
        order = pairs.order()
    }

    @inline(never)  // inlined into an async closure it crashes the optimiser of Swift 6.3.1
    func nanoseconds(for duration: Duration) throws -> Double {
        try Stopwatch.time(for: duration, batch: 8) {
            try statement.run(keys[order[next % order.count]], values[next % values.count])
            next += 1
        }
    }
}

/// How many operations 64 tasks finish.
enum SixtyFourTasks {
    /// Operations a second.
    ///
    /// - Parameter operation: Gives the operation of a task, which is told its number of turn.
    static func perSecond(
        _ duration: Duration, operation: @escaping @Sendable (_ task: Int) -> @Sendable (Int) async throws -> Void
    ) async throws -> Double {
        let operations = (0..<64).map(operation)
        let start = bench_now()
        let deadline = start + duration.nanoseconds
        let total = try await withThrowingTaskGroup(of: Int.self) { group in
            for operation in operations {
                group.addTask {
                    var count = 0
                    while bench_now() < deadline {
                        try await operation(count)
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
