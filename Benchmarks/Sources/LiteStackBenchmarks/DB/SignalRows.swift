import CBenchSQLite
import LiteDB

/// `db.signal.cross`: a commit here wakes another process.
enum SignalRows {
    static let benchmark = Benchmark(name: "db.signal.cross") { plan in
        let path = try plan.newPath("signals.sqlite3")
        let database = try await Database.open(at: path, configuration: .normal)
        try await database.execute("CREATE TABLE signals (id INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT")
        let listener = try Child("listener", path)
        _ = try listener.line()
        let commitCount = plan.isQuick ? 200 : 3000
        var random = RandomNumbers(seed: 3)
        for _ in 0..<commitCount {
            try await database.write { transaction in
                try transaction.execute("INSERT INTO signals (at) VALUES (\(Int64(bench_now())))")
            }
            // Apart, so that each commit finds its listener asleep.
            try await Task.sleep(for: .microseconds(Int.random(in: 2000...6000, using: &random)))
        }
        try await Task.sleep(for: .milliseconds(300))  // the last signals are under way
        try listener.tell("latencies")
        var latencies = Latencies()
        for value in try listener.answer([UInt64].self) { latencies.record(value) }
        // Nothing commits from here on.
        try listener.tell("idle \(plan.isQuick ? 2 : 20)")
        let idlePercent = try listener.answer(Double.self)
        try listener.finish()
        await database.close()
        return rows(latencies.summary(.milliseconds), of: commitCount, idlePercent)
    }

    private static func rows(_ spread: Latencies.Summary, of commitCount: Int, _ idlePercent: Double) -> [ResultRow] {
        let text =
            "from inside the writing closure, before COMMIT, to the loop over `commits()` in another process; "
            + "a commit each 2 to 6 ms, `.normal`; \(spread.count) of \(commitCount) woke it singly"
        return [
            ResultRow(
                "db.signal.cross", unit: "ms", better: .lower, goal: 0.15, ours: spread.p50, latencies: spread,
                text: "median " + text),
            ResultRow(
                "db.signal.cross.p99", unit: "ms", better: .lower, goal: 1, ours: spread.p99, latencies: spread,
                text: "99th percentile " + text),
            ResultRow(
                "db.signal.cross.idle", unit: "% of a core", better: .lower, goal: 0.05, ours: idlePercent,
                text: "CPU time of the listening process while nothing commits"),
        ]
    }
}
