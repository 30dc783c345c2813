import Foundation
import LiteCache

/// `cache.entries.5m…`: what fifty times the entries cost. Filling takes minutes, so `--quick` leaves it out.
enum ManyEntriesRows {
    /// A tenth of the entries at once: each transaction writes every page of the file once, instead of one for each entry.
    /// All but the first go between those that are there, as if they came one by one.
    private static let batchCount = 500_000
    private static let fewCount = 100_000

    static let benchmark = Benchmark(name: "cache.entries.5m") { plan in
        guard !plan.isQuick else {
            FileHandle.standardError.write(
                Data("  left out of --quick: filling 5,000,000 entries takes minutes\n".utf8))
            return []
        }
        let pairs = try await PairsFile(in: plan, keyCount: fewCount)
        let few = try await FilledCache.open(try plan.newPath("cache.sqlite3"), memoryBytes: 0)
        try await FilledCache.fill(few, keys: (0..<fewCount).map(key), values: pairs.values)
        let count = 5_000_000
        let many = try await FilledCache.open(
            try plan.newPath("cache.sqlite3"), memoryBytes: 0, maximumBytes: 4 << 30)
        for start in stride(from: 0, to: count, by: batchCount) {
            var some: [String: [UInt8]] = [:]
            some.reserveCapacity(batchCount)
            for number in start..<start + batchCount { some[key(number)] = pairs.values[number % pairs.values.count] }
            try await many.setMany(some)
        }
        let gets = try await Comparison(plan) {
            try await get(many, plan, count: count)
        } baseline: {
            try await get(few, plan, count: fewCount)
        }
        let sets = try await Comparison(plan) {
            try await set(many, plan, count: count, pairs.values)
        } baseline: {
            try await set(few, plan, count: fewCount, pairs.values)
        }
        await many.close()
        await few.close()
        let text = "\(count) entries of 100 bytes, random keys, 1 task, memory layer off"
        return [
            ResultRow(
                "cache.entries.5m.get", unit: "µs", better: .lower, goal: 2, gets,
                against: "the same with 100,000 entries",
                text: "`get`, " + text),
            ResultRow(
                "cache.entries.5m.set", unit: "µs", better: .lower, goal: 2, sets,
                against: "the same with 100,000 entries",
                text: "`set`, " + text),
        ]
    }

    /// Made by both sides as they measure: five million texts in memory would be a cost of their own.
    private static func key(_ number: Int) -> String { "user:" + String(10_000_000 + number).dropFirst() }

    private static func get(_ cache: Cache, _ plan: Plan, count: Int) async throws -> Double {
        var random = RandomNumbers(seed: 17)
        return try await Stopwatch.time(for: plan.roundDuration, batch: 8) {
            let number = Int.random(in: 0..<count, using: &random)
            guard try await cache.get(key(number), as: [UInt8].self)?.count == 100 else { throw WrongResult() }
        } / 1000
    }

    private static func set(
        _ cache: Cache, _ plan: Plan, count: Int, _ values: [[UInt8]]
    ) async throws -> Double {
        var random = RandomNumbers(seed: 18)
        return try await Stopwatch.time(for: plan.roundDuration, batch: 8) {
            let index = Int.random(in: 0..<count, using: &random)
            try await cache.set(key(index), values[(index &+ Int(Moment.now.nanoseconds)) % values.count])
        } / 1000
    }
}
