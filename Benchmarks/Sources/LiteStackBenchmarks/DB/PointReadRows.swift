import LiteDB

/// `db.read.point.1` and `.hot`: one thread reads values by key.
enum PointReadRows {
    static let random = Benchmark(name: "db.read.point.1") { plan in
        try await row(
            plan, "db.read.point.1", goal: 1, amongFirst: nil,
            text: "a blob of 100 bytes by text key, 100,000 keys at random, 1 thread, `read { }` for each")
    }

    static let hot = Benchmark(name: "db.read.point.hot") { plan in
        try await row(
            plan, "db.read.point.hot", goal: 0.5, amongFirst: 100,
            text: "a blob of 100 bytes by text key, 100 keys at random, 1 thread, `read { }` for each")
    }

    private static func row(
        _ plan: Plan, _ name: String, goal: Double, amongFirst count: Int?, text: String
    ) async throws -> [ResultRow] {
        let file = try await PairsFile(in: plan)
        let other = try file.copy(in: plan)
        let order = file.order(amongFirst: count)
        let database = try await Database.open(at: file.path, configuration: .normal)
        var ours = PointReadLoop(OurPointReader(database: database), file, order: order)
        var raw = PointReadLoop(try RawPointReader(path: other.path), other, order: order)
        let comparison = try await Comparison(plan) {
            try ours.measure(for: plan.roundDuration) / 1000
        } baseline: {
            try raw.measure(for: plan.roundDuration) / 1000
        }
        await database.close()
        return [
            ResultRow(
                name, unit: "µs", better: .lower, goal: goal, comparison,
                against: "raw C API; one autocommit SELECT for each value, copied into [UInt8]",
                text: text)
        ]
    }
}
