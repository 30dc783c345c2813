import CBenchSQLite
import LiteCable
import LiteDB

/// `cable.replay`: reading a long log from its beginning.
enum CableReplayRow {
    static let benchmark = Benchmark(name: "cable.replay") { plan in
        let path = try plan.newPath("cable.sqlite3")
        let database = try await Database.open(at: path, configuration: .filling)
        var configuration = Cable.Configuration()
        configuration.maximumMessageCount = 10_000_000
        configuration.maximumBytes = 4 << 30
        let cable = try await Cable(database, configuration: configuration)
        let start = try await cable.cursor()
        let count = plan.isQuick ? 50_000 : 1_000_000
        let drafts = CablePublishRows.payloads().map { Cable.Draft(bytes: $0, to: "room.7") }
        for _ in 0..<(count / 10_000) {
            try await database.write { transaction in
                for _ in 0..<10 { try cable.publish(drafts, in: transaction) }
            }
        }
        let raw = try RawScan(path: path)
        let comparison = try await Comparison(plan, roundCount: plan.isQuick ? 2 : 5) {
            var (received, bytes) = (0, 0)
            let begun = bench_now()
            for try await event in try await cable.subscribe(to: "room.7", from: .after(start)) {
                guard case .message(let message) = event else { throw WrongResult() }
                bytes += message.payload.count
                received += 1
                if received == count { break }
            }
            guard bytes == count * 100 else { throw WrongResult() }
            return Double(count) / (Double(bench_now() - begun) / 1e9)
        } baseline: {
            var (received, bytes) = (0, 0)
            let begun = bench_now()
            try raw.run { message in
                bytes += message.payload.count
                received += 1
            }
            guard received == count, bytes == count * 100 else { throw WrongResult() }
            return Double(count) / (Double(bench_now() - begun) / 1e9)
        }
        await database.close()
        return [
            ResultRow(
                "cable.replay", unit: "messages/s", better: .higher, goal: 0.5, comparison,
                against:
                    "raw C API: one SELECT of the same columns over the same rows of the same file, opened to read only, each copied "
                    + "into a struct of the same fields",
                text: "a subscription from the beginning of \(count) messages of 100 bytes, iterated one by one")
        ]
    }
}
