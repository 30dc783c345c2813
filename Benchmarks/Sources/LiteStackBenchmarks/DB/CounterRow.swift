import LiteDB

/// `db.counter`: "was anything committed since?"
enum CounterRow {
    static let benchmark = Benchmark(name: "db.counter") { plan in
        let file = try await PairsFile(in: plan, keyCount: 100)
        let database = try await Database.open(at: file.path, configuration: .normal)
        let token = database.changeToken()
        var rounds: [Double] = []
        for _ in 0..<plan.roundCount {
            rounds.append(
                try Stopwatch.time(for: plan.roundDuration, batch: 4096) {
                    guard database.changeToken() == token else { throw WrongResult() }
                })
        }
        await database.close()
        return [
            ResultRow(
                "db.counter", unit: "ns", better: .lower, goal: 10, ours: rounds.median,
                text: "taking a change token and comparing it with one kept, nothing committed meanwhile")
        ]
    }
}
