import CBenchSQLite
import Foundation
import LiteCable
import LiteDB

/// `cable.latency.…`: from the return of `publish` to the subscriber's loop.
enum CableLatencyRows {
    static let process = Benchmark(name: "cable.latency.process") { plan in
        let database = try await Database.open(at: plan.newPath("cable.sqlite3"), configuration: .normal)
        let cable = try await Cable(database)
        let subscription = try await cable.subscribe(to: "latency")
        let count = messageCount(plan)
        let listening = Task {
            var received = [UInt64](repeating: 0, count: count)
            for try await case .message(let message) in subscription {
                let now = bench_now()
                let number: Int = try message.decode()
                received[number] = now
                if number == count - 1 { break }
            }
            return received
        }
        let returned = try await publish(count, on: cable)
        let latencies = latencies(from: returned, to: try await listening.value)
        await database.close()
        return [
            row(
                "cable.latency.process", "µs", goal: 60, latencies.summary(.microseconds), \.p50,
                "median from the return of `publish` to a subscriber's loop in the same process; a message each 2 to 6 ms, "
                    + "`.normal`; \(zeros(in: latencies))")
        ]
    }

    static let cross = Benchmark(name: "cable.latency.cross") { plan in
        try await crossProcess(plan, "cable.latency.cross", .normal)
    }

    static let crossFull = Benchmark(name: "cable.latency.cross.full") { plan in
        try await crossProcess(plan, "cable.latency.cross.full", Database.Configuration())
    }

    static func messageCount(_ plan: Plan) -> Int { plan.isQuick ? 200 : 3_000 }

    private static func crossProcess(
        _ plan: Plan, _ name: String, _ configuration: Database.Configuration
    ) async throws -> [ResultRow] {
        let path = try plan.newPath("cable.sqlite3")
        let database = try await Database.open(at: path, configuration: configuration)
        let cable = try await Cable(database)
        let count = messageCount(plan)
        let listener = try Child("cable-listener", path, "\(count)")
        _ = try listener.line()
        let returned = try await publish(count, on: cable)
        let latencies = latencies(from: returned, to: try listener.answer([UInt64].self))
        try listener.finish()
        await database.close()
        let durability = configuration.durability == .full ? "`.full`" : "`.normal`"
        let text =
            "from the return of `publish` to a subscriber's loop in another process; a message each 2 to 6 ms, "
            + "\(durability); \(zeros(in: latencies))"
        let spread = latencies.summary(.milliseconds)
        return [
            row(name, "ms", goal: 0.2, spread, \.p50, "median " + text),
            row(name + ".p99", "ms", goal: 1.5, spread, \.p99, "99th percentile " + text),
        ]
    }

    /// Publishes numbers at an uneven pace; when each call returned.
    private static func publish(_ count: Int, on cable: Cable) async throws -> [UInt64] {
        var returned: [UInt64] = []
        var random = RandomNumbers(seed: 3)
        for number in 0..<count {
            try await cable.publish(number, to: "latency")
            returned.append(bench_now())
            // The pace: messages that come alone and find their subscriber asleep, not at the beat of anybody's timer.
            try await Task.sleep(for: .microseconds(Int.random(in: 2_000...6_000, using: &random)))
        }
        return returned
    }

    static func latencies(from returned: [UInt64], to received: [UInt64]) -> Latencies {
        var latencies = Latencies()
        for (start, end) in zip(returned, received) { latencies.record(end > start ? end - start : 0) }
        return latencies
    }

    /// How often the subscriber was first: a median of zeros would say nothing.
    static func zeros(in latencies: Latencies) -> String {
        "one that was there before is 0: \((latencies.zeroShare * 1000).rounded() / 10) % were"
    }

    private static func row(
        _ name: String, _ unit: String, goal: Double, _ spread: Latencies.Summary,
        _ value: KeyPath<Latencies.Summary, Double>, _ text: String
    ) -> ResultRow {
        ResultRow(
            name, unit: unit, better: .lower, goal: goal, ours: spread[keyPath: value], latencies: spread, text: text)
    }
}
