import Foundation
import LiteDB

/// `db.contention.8`: eight processes on one file, none of them pausing.
enum ContentionRows {
    static let benchmark = Benchmark(name: "db.contention.8") { plan in
        let path = try plan.newPath("bodies.sqlite3")
        try await fill(path)
        let aloneSeconds = plan.isQuick ? 2.0 : 10
        let seconds = plan.isQuick ? 10.0 : 60
        let before = try contend(1, path, seconds: aloneSeconds)
        let together = try contend(8, path, seconds: seconds)
        let after = try contend(1, path, seconds: aloneSeconds)
        return rows(together, alone: [before, after])
    }

    private static func fill(_ path: String) async throws {
        let database = try await Database.open(at: path, configuration: .filling)
        try await database.write { transaction in
            try transaction.execute("CREATE TABLE bodies (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT")
            for id in 1...ContenderCommand.rowCount {
                try transaction.execute(
                    "INSERT INTO bodies (id, body) VALUES (\(id), randomblob(\(ContenderCommand.bodyBytes)))")
            }
        }
        await database.close()
    }

    /// What some processes reached at the same time.
    private struct Outcome {
        var reports: [ContenderCommand.Report]
        let seconds: Double
        let walBytes: Int

        var writesPerSecond: Double { Double(reports.map(\.writeCount).reduce(0, +)) / seconds }
        var busyCount: Int { reports.map(\.busyCount).reduce(0, +) }

        var latencies: Latencies {
            reports.flatMap(\.writes).reduce(into: Latencies()) { $0.record($1[0], count: $1[1]) }
        }

        /// The slowest process's operations over the mean.
        var slowestShare: Double {
            let counts = reports.map { Double($0.readCount + $0.writeCount) }
            return (counts.min() ?? 0) / (counts.reduce(0, +) / Double(counts.count))
        }
    }

    private static func contend(_ count: Int, _ path: String, seconds: Double) throws -> Outcome {
        let children = try (0..<count).map { index in try Child("contender", path, "\(seconds)", "\(index)") }
        for child in children { _ = try child.line() }
        let watch = FileSizeWatch(path: path + "-wal")
        for child in children { try child.tell("go") }
        let reports = try children.map { try $0.answer(ContenderCommand.Report.self) }
        let walBytes = watch.stop()
        for child in children { try child.finish() }
        return Outcome(reports: reports, seconds: seconds, walBytes: walBytes)
    }

    private static func rows(_ together: Outcome, alone: [Outcome]) -> [ResultRow] {
        let spread = together.latencies.summary(.milliseconds)
        let name = "db.contention.8"
        let setting =
            "8 processes without pauses, 80 % reads and 20 % updates of rows of 1 KiB at random among "
            + "\(ContenderCommand.rowCount), `.full`, \(Int(together.seconds)) s on one file"
        let throughput = Comparison(
            pairs: alone.map { (ours: together.writesPerSecond, baseline: $0.writesPerSecond) })
        return [
            ResultRow(
                name, unit: "ms", better: .lower, goal: 50, ours: spread.p999, latencies: spread,
                text: "99.9th percentile of a write; " + setting),
            ResultRow(
                "\(name).max", unit: "ms", better: .lower, goal: 250, ours: spread.max, latencies: spread,
                text: "the slowest write of the same run"),
            ResultRow(
                "\(name).busy", unit: "errors", better: .lower, goal: 0, ours: Double(together.busyCount),
                text: "`.busy` errors that surfaced in the same run"),
            ResultRow(
                "\(name).throughput", unit: "writes/s", better: .higher, goal: 0.5, throughput,
                against: "one such process alone, before and after", text: "writes of all 8 processes in the same run"),
            ResultRow(
                "\(name).fairness", unit: "of the mean", better: .higher, goal: 0.5, ours: together.slowestShare,
                text: "operations of the slowest process over the mean, in the same run"),
            ResultRow(
                "\(name).wal", unit: "MiB", better: .lower, goal: 64, ours: Double(together.walBytes) / 1_048_576,
                text: "the largest size of the WAL file in the same run, looked at each 20 ms"),
        ]
    }
}
