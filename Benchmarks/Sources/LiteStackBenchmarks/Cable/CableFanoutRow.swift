import CBenchSQLite
import LiteCable
import LiteDB

/// `cable.fanout.1000`: deliveries a second to a thousand subscribers of one process.
enum CableFanoutRow {
    static let benchmark = Benchmark(name: "cable.fanout.1000") { plan in
        let database = try await Database.open(at: plan.newPath("cable.sqlite3"), configuration: .normal)
        let cable = try await Cable(database)
        let payloads = CablePublishRows.payloads()
        let messageCount = plan.isQuick ? 500 : 4_000
        var rates: [Double] = []
        for _ in 0..<(plan.isQuick ? 2 : 5) {
            let subscriptions = try await subscriptions(1_000, to: cable)
            let start = bench_now()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for subscription in subscriptions {
                    group.addTask {
                        var count = 0
                        for try await _ in subscription {
                            count += 1
                            if count == messageCount { return }
                        }
                    }
                }
                for number in 0..<messageCount {
                    try await cable.publish(bytes: payloads[number % payloads.count], to: "room.7")
                }
                try await group.waitForAll()
            }
            rates.append(Double(1_000 * messageCount) / (Double(bench_now() - start) / 1e9))
        }
        await database.close()
        return [
            ResultRow(
                "cable.fanout.1000", unit: "deliveries/s", better: .higher, goal: 1_000_000, ours: rates.median,
                text:
                    "one publisher awaits each of \(messageCount) messages of 100 bytes, `.normal`; 1,000 tasks in the same "
                    + "process iterate a subscription each, message by message, until all have all")
        ]
    }

    private static func subscriptions(_ count: Int, to cable: Cable) async throws -> [Cable.Subscription] {
        var subscriptions: [Cable.Subscription] = []
        for _ in 0..<count { subscriptions.append(try await cable.subscribe(to: "room.7")) }
        return subscriptions
    }
}
