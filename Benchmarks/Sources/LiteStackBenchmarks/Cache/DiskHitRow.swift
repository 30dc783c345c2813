import LiteCache

/// `cache.get.disk`: reads with the layer in memory switched off.
enum DiskHitRow {
    static let benchmark = Benchmark(name: "cache.get.disk") { plan in
        let pairs = try await PairsFile(in: plan)
        let filled = try await FilledCache(pairs, in: plan, memoryBytes: 0)
        let reader = MemoryReader(filled, filled.order())
        var raw = PointReadLoop(try RawPointReader(path: pairs.path), pairs, order: pairs.order())
        let comparison = try await Comparison(plan) {
            try await reader.nanoseconds(for: plan.roundDuration) / 1000
        } baseline: {
            try raw.measure(for: plan.roundDuration) / 1000
        }
        await filled.cache.close()
        return [
            ResultRow(
                "cache.get.disk", unit: "µs", better: .lower, goal: 1.4, comparison,
                against: "raw C API; one autocommit SELECT for each value, copied into [UInt8]",
                text: "a blob of 100 bytes by text key, 100,000 keys at random, `get`, 1 task, memory layer off")
        ]
    }
}
