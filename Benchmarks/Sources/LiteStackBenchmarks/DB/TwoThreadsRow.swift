import LiteDB

/// `db.read.point.2`: what a second thread adds.
enum TwoThreadsRow {
    static let benchmark = Benchmark(name: "db.read.point.2") { plan in
        let file = try await PairsFile(in: plan)
        let database = try await Database.open(at: file.path, configuration: .normal)
        let comparison = try await Comparison(plan) {
            try await throughput(2, database, file, for: plan.roundDuration)
        } baseline: {
            try await throughput(1, database, file, for: plan.roundDuration)
        }
        await database.close()
        return [
            ResultRow(
                "db.read.point.2", unit: "reads/s", better: .higher, goal: 1.7, comparison,
                against: "the same with 1 thread",
                text: "a blob of 100 bytes by text key, 100,000 keys at random, 2 threads, `read { }` for each")
        ]
    }

    private static func throughput(
        _ count: Int, _ database: Database, _ file: PairsFile, for duration: Duration
    ) async throws -> Double {
        try await withThrowingTaskGroup(of: Double.self) { group in
            for index in 0..<count {
                group.addTask {
                    let order = file.order(seed: UInt64(index))
                    var loop = PointReadLoop(OurPointReader(database: database), file, order: order)
                    return 1e9 / (try loop.measure(for: duration))
                }
            }
            return try await group.reduce(0, +)
        }
    }
}
