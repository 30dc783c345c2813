import CBenchSQLite
import LiteDB

/// `db.write.normal.1` and `db.write.full.1`: one task, one upsert after the other.
enum SingleWriteRows {
    static let normal = Benchmark(name: "db.write.normal.1") { plan in
        try await row(plan, "db.write.normal.1", .normal, .normal, goal: 1.4)
    }

    static let full = Benchmark(name: "db.write.full.1") { plan in
        try await row(plan, "db.write.full.1", Database.Configuration(), .full, goal: 1.35)
    }

    private static func row(
        _ plan: Plan, _ name: String, _ configuration: Database.Configuration, _ durability: RawDatabase.Durability,
        goal: Double
    ) async throws -> [ResultRow] {
        let file = try await PairsFile(in: plan)
        let other = try file.copy(in: plan)
        let database = try await Database.open(at: file.path, configuration: configuration)
        let statement = try RawDatabase(path: other.path, durability: durability).prepare(PairsFile.upsert)
        var ourFeed = UpsertFeed(file)
        var rawFeed = UpsertFeed(other)
        var latencies = Latencies()
        var uncounted = Latencies()
        let comparison = try await Comparison(plan) {
            try await measure(for: plan.roundDuration, &latencies) {
                let (key, value) = ourFeed.pair()
                try await database.upsert(key, value)
            }
        } baseline: {
            try await measure(for: plan.roundDuration, &uncounted) {
                let (key, value) = rawFeed.pair()
                try statement.run(key, value)
            }
        }
        await database.close()
        return [
            ResultRow(
                name, unit: "µs", better: .lower, goal: goal, comparison,
                against: "raw C API, synchronous \(durability.rawValue), "
                    + "checkpoint after \(durability.checkpointFrameCount) frames; one autocommit upsert after the other",
                latencies: latencies.summary(.microseconds),
                text: "1 task upserts 100 bytes under random keys among 100,000, `write { }` for each, changing values")
        ]
    }

    /// Microseconds for each operation.
    private static func measure(
        for duration: Duration, _ latencies: inout Latencies, _ operation: () async throws -> Void
    ) async throws -> Double {
        let start = bench_now()
        let end = start + duration.nanoseconds
        var count = 0
        var now = start
        while now < end {
            try await operation()
            let done = bench_now()
            latencies.record(done - now)
            now = done
            count += 1
        }
        return Double(now - start) / Double(count) / 1000
    }
}
