import Foundation
import LiteCache

/// `cache.entries.5m…`: what fifty times the entries cost. Filling takes minutes, so `--quick` leaves it out.
enum ManyEntriesRows {
    static let benchmark = Benchmark(name: "cache.entries.5m") { plan in
        guard !plan.isQuick else {
            FileHandle.standardError.write(
                Data("  left out of --quick: filling 5,000,000 entries takes minutes\n".utf8))
            return []
        }
        let pairs = try await PairsFile(in: plan, keyCount: 100_000)
        let few = try await FilledCache(pairs, in: plan, memoryBytes: 0)
        let count = 5_000_000
        let many = try await FilledCache.open(
            try plan.newPath("cache.sqlite3"), memoryBytes: 0, maximumBytes: 4 << 30)
        for start in stride(from: 0, to: count, by: 2_000) {
            let keys = (start..<start + 2_000).map(key)
            try await FilledCache.fill(many, keys: keys, values: pairs.values)
        }
        let gets = try await Comparison(plan) {
            try await get(many, plan, count: count, key: key)
        } baseline: {
            try await get(few.cache, plan, count: few.keys.count) { few.keys[$0] }
        }
        let sets = try await Comparison(plan) {
            try await set(many, plan, count: count, pairs.values, key: key)
        } baseline: {
            try await set(few.cache, plan, count: few.keys.count, pairs.values) { few.keys[$0] }
        }
        await many.close()
        await few.cache.close()
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

    private static func key(_ number: Int) -> String { "user:" + String(10_000_000 + number).dropFirst() }

    private static func get(
        _ cache: Cache, _ plan: Plan, count: Int, key: (Int) -> String
    ) async throws -> Double {
        var random = RandomNumbers(seed: 17)
        return try await Stopwatch.time(for: plan.roundDuration, batch: 8) {
            let key = key(Int.random(in: 0..<count, using: &random))
            guard try await cache.get(key, as: [UInt8].self)?.count == 100 else { throw WrongResult() }
        } / 1000
    }

    private static func set(
        _ cache: Cache, _ plan: Plan, count: Int, _ values: [[UInt8]], key: (Int) -> String
    ) async throws -> Double {
        var random = RandomNumbers(seed: 18)
        return try await Stopwatch.time(for: plan.roundDuration, batch: 8) {
            let index = Int.random(in: 0..<count, using: &random)
            try await cache.set(key(index), values[(index &+ Int(Moment.now.nanoseconds)) % values.count])
        } / 1000
    }
}
