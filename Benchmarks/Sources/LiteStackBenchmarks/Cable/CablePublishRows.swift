import CBenchSQLite
import LiteCable
import LiteDB

/// `cable.publish.…`: how many messages a second.
enum CablePublishRows {
    static let tasks = Benchmark(name: "cable.publish.64") { plan in
        let database = try await Database.open(at: plan.newPath("cable.sqlite3"))
        let cable = try await Cable(database)
        let raw = try RawLog(path: plan.newPath("cable.sqlite3"), durability: .full)
        let payloads = payloads()
        let comparison = try await Comparison(plan) {
            let start = bench_now()
            let deadline = start + plan.roundDuration.nanoseconds
            let total = try await withThrowingTaskGroup(of: Int.self) { group in
                for task in 0..<64 {
                    group.addTask {
                        var count = 0
                        while bench_now() < deadline {
                            try await cable.publish(bytes: payloads[(task + count) % payloads.count], to: "room.7")
                            count += 1
                        }
                        return count
                    }
                }
                return try await group.reduce(0, +)
            }
            return Double(total) / (Double(bench_now() - start) / 1e9)
        } baseline: {
            var count = 0
            return 1e9
                / (try Stopwatch.time(for: plan.roundDuration, batch: 4) {
                    count += 1
                    try raw.append(payloads[count % payloads.count])
                })
        }
        await database.close()
        return [
            ResultRow(
                "cable.publish.64", unit: "messages/s", better: .higher, goal: 3, comparison,
                against: "raw C API, synchronous FULL, checkpoint after 1000 frames; one thread, one autocommit INSERT "
                    + "after the other into a table of the same columns",
                text: "64 tasks publish 100 bytes each, `.full`, the default retention with its trimming")
        ]
    }

    static let many = Benchmark(name: "cable.publish.many.100") { plan in
        let database = try await Database.open(at: plan.newPath("cable.sqlite3"), configuration: .normal)
        let cable = try await Cable(database)
        let raw = try RawLog(path: plan.newPath("cable.sqlite3"), durability: .normal)
        let payloads = payloads()
        let drafts = payloads.map { Cable.Draft(bytes: $0, to: "room.7") }
        let comparison = try await Comparison(plan) {
            let start = bench_now()
            let end = start + plan.roundDuration.nanoseconds
            var count = 0
            var now = start
            while now < end {
                let first = count % (drafts.count - 100)
                try await cable.publish(Array(drafts[first..<first + 100]))
                count += 100
                now = bench_now()
            }
            return Double(count) / (Double(now - start) / 1e9)
        } baseline: {
            var count = 0
            return 100e9
                / (try Stopwatch.time(for: plan.roundDuration, batch: 1) {
                    let first = count % (payloads.count - 100)
                    try raw.appendTogether(payloads[first..<first + 100])
                    count += 100
                })
        }
        await database.close()
        return [
            ResultRow(
                "cable.publish.many.100", unit: "messages/s", better: .higher, goal: 0.6, comparison,
                against:
                    "raw C API, synchronous NORMAL, checkpoint after 4000 frames; BEGIN IMMEDIATE, 100 INSERTs, COMMIT "
                    + "into a table of the same columns, which nothing trims",
                text: "`publish` of 100 messages of 100 bytes, `.normal`, the default retention with its trimming")
        ]
    }

    static func payloads() -> [[UInt8]] {
        var random = RandomNumbers(seed: 7)
        return (0..<1_000).map { _ in (0..<100).map { _ in UInt8.random(in: 0...255, using: &random) } }
    }
}
