import CBenchSQLite
import LiteDB

/// `db.write.fairness`: what durable writers leave to the other tasks of the process.
enum FairnessRow {
    static let benchmark = Benchmark(name: "db.write.fairness") { plan in
        let file = try await PairsFile(in: plan)
        let database = try await Database.open(at: file.path)
        let duration = plan.roundDuration
        let feeds = (0..<8).map { TaskFeed(file, task: $0) }
        let comparison = try await Comparison(plan) {
            try await unitsPerSecond(duration) { deadline in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for feed in feeds {
                        group.addTask {
                            while bench_now() < deadline {
                                let (key, value) = feed.pair()
                                try await database.upsert(key, value)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
        } baseline: {
            try await unitsPerSecond(duration) { _ in }
        }
        await database.close()
        return [
            ResultRow(
                "db.write.fairness", unit: "units/s", better: .higher, goal: 0.6, comparison,
                against: "the same 4 tasks alone",
                text: "4 tasks on the cooperative pool compute for 20 µs and yield, beside 8 tasks that upsert durably")
        ]
    }

    private static func unitsPerSecond(
        _ duration: Duration, beside others: @escaping @Sendable (_ deadline: UInt64) async throws -> Void
    ) async throws -> Double {
        let start = bench_now()
        let deadline = start + duration.nanoseconds
        return try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                try await others(deadline)
                return 0
            }
            for _ in 0..<4 {
                group.addTask {
                    var units = 0
                    while bench_now() < deadline {
                        compute()
                        units += 1
                        await Task.yield()
                    }
                    return units
                }
            }
            return Double(try await group.reduce(0, +)) / duration.seconds
        }
    }

    /// Work of about 20 µs that is counted, not timed: a task that loses its core does less of it.
    private static func compute() {
        var state: UInt64 = 1
        for _ in 0..<16_000 { state = state &* 6_364_136_223_846_793_005 &+ 1 }
        precondition(state != 0)
    }
}
