import LiteCache

/// `cache.get.l1…`: hits in memory.
enum MemoryHitRows {
    private static let hotCount = 1_000

    static let plain = Benchmark(name: "cache.get.l1") { plan in
        let pairs = try await PairsFile(in: plan)
        let filled = try await FilledCache(pairs, in: plan, memoryBytes: 64 << 20)
        let order = filled.order(amongFirst: hotCount)
        var raw = PointReadLoop(
            try RawPointReader(path: pairs.path), pairs, order: pairs.order(amongFirst: hotCount))
        let comparison = try await Comparison(plan) {
            try await MemoryReader(filled, order).nanoseconds(for: plan.roundDuration)
        } baseline: {
            try raw.measure(for: plan.roundDuration)
        }
        await filled.cache.close()
        let text = "a blob of 100 bytes by text key, 1,000 hot keys at random of 100,000, `get`, 1 task, all in memory"
        return [
            ResultRow("cache.get.l1", unit: "ns", better: .lower, goal: 150, ours: comparison.ours, text: text),
            ResultRow(
                "cache.get.l1.raw", unit: "ns", better: .lower, goal: 0.1, comparison,
                against: "raw C API; one autocommit SELECT for each value, copied into [UInt8]", text: "the same"),
        ]
    }

    static let twoThreads = Benchmark(name: "cache.get.l1.2") { plan in
        let pairs = try await PairsFile(in: plan)
        let filled = try await FilledCache(pairs, in: plan, memoryBytes: 64 << 20)
        let comparison = try await Comparison(plan) {
            try await readsPerSecond(2, filled, plan.roundDuration)
        } baseline: {
            try await readsPerSecond(1, filled, plan.roundDuration)
        }
        await filled.cache.close()
        return [
            ResultRow(
                "cache.get.l1.2", unit: "reads/s", better: .higher, goal: 1.7, comparison,
                against: "the same with 1 task", text: "as cache.get.l1, 2 tasks")
        ]
    }

    private static func readsPerSecond(
        _ count: Int, _ filled: FilledCache, _ duration: Duration
    ) async throws -> Double {
        try await withThrowingTaskGroup(of: Double.self) { group in
            for seed in 0..<count {
                let reader = MemoryReader(filled, filled.order(amongFirst: hotCount, seed: UInt64(seed)))
                group.addTask { 1e9 / (try await reader.nanoseconds(for: duration)) }
            }
            return try await group.reduce(0, +)
        }
    }

    static let codable = Benchmark(name: "cache.get.l1.codable") { plan in
        let cache = try await FilledCache.open(try plan.newPath("cache.sqlite3"))
        let keys = (0..<hotCount).map { "user:\($0)" }
        for (index, key) in keys.enumerated() { try await cache.set(key, Profile(index)) }
        let nanoseconds = try await rounds(plan) {
            var next = 0
            return try await Stopwatch.time(for: plan.roundDuration, batch: 64) {
                let index = next &* 7 % keys.count
                next &+= 1
                guard let profile = try await cache.get(keys[index], as: Profile.self), profile.id == index else {
                    throw WrongResult()
                }
            }
        }
        await cache.close()
        return [
            ResultRow(
                "cache.get.l1.codable", unit: "ns", better: .lower, goal: 250, ours: nanoseconds,
                text: "a struct of 6 fields (2 texts, a date, a Double, 2 whole numbers), 1,000 hot keys, `get`, 1 task"
            )
        ]
    }

    private static func rounds(_ plan: Plan, _ measure: () async throws -> Double) async throws -> Double {
        var all: [Double] = []
        for _ in 0...plan.roundCount { all.append(try await measure()) }
        return Array(all.dropFirst()).median
    }
}

/// Gets one value after the other, from its keys on.
struct MemoryReader: Sendable {
    private let cache: Cache
    private let keys: [String]

    init(_ filled: FilledCache, _ order: [Int]) {
        cache = filled.cache
        keys = order.map { filled.keys[$0] }
    }

    /// Nanoseconds for each read.
    func nanoseconds(for duration: Duration) async throws -> Double {
        var next = 0
        return try await Stopwatch.time(for: duration, batch: 64) {
            let key = keys[next]
            next = next + 1 == keys.count ? 0 : next + 1
            guard let value = try await cache.get(key, as: [UInt8].self), value.count == 100 else {
                throw WrongResult()
            }
        }
    }
}
