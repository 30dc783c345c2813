import CBenchSQLite
import LiteCable
import LiteDB

/// `cable.peers.redis`: a message to another process, by the cable and by Redis Pub/Sub, from before the call.
enum CablePeerRow {
    static let benchmark = Benchmark(name: "cable.peers.redis") { plan in
        let count = plan.isQuick ? 200 : 2_000
        let server = try PeerServer.redis()
        let path = try plan.newPath("cable.sqlite3")
        let database = try await Database.open(at: path, configuration: .normal)
        let cable = try await Cable(database)
        let listener = try Child("cable-listener", path, "\(count)")
        _ = try listener.line()
        let ours = try await publish(count) { number in try await cable.publish(number, to: "latency") }
        let received = try listener.answer([UInt64].self)
        try listener.finish()
        await database.close()

        let client = try PeerClient(server.socket, connectionCount: 1)
        let subscriber = try Child("redis-listener", server.socket, "\(count)")
        _ = try subscriber.line()
        let theirs = try await publish(count) { number in
            let text = String(number)
            // Answered with the number of subscribers.
            try client.ask(
                Array("*3\r\n$7\r\nPUBLISH\r\n$7\r\nlatency\r\n$\(text.utf8.count)\r\n\(text)\r\n".utf8),
                answerCount: ":1\r\n".utf8.count)
        }
        let theirsReceived = try subscriber.answer([UInt64].self)
        try subscriber.finish()
        withExtendedLifetime(server) {}

        let pairs = [
            ("cable.peers.redis", "from before the call", ours.called, theirs.called),
            ("cable.peers.redis.returned", "from the return of the call", ours.returned, theirs.returned),
        ]
        return pairs.map { name, what, ourStarts, theirStarts in
            let mine = CableLatencyRows.latencies(from: ourStarts, to: received)
            let other = CableLatencyRows.latencies(from: theirStarts, to: theirsReceived)
            let (spread, peer) = (mine.summary(.milliseconds), other.summary(.milliseconds))
            return ResultRow(
                name, unit: "ms", better: .lower, goal: 1.2,
                Comparison(pairs: [(spread.p50, peer.p50)]),
                against: "Redis Pub/Sub over a Unix socket, no persistence; \(CableLatencyRows.zeros(in: other)); p99 "
                    + "\(peer.p99) ms",
                latencies: spread,
                text:
                    "median \(what) to the subscriber's loop in another process, a message each 2 to 6 ms, `.normal`: "
                    + "ours is in the log when the call returns, and missed by nobody who comes later; "
                    + CableLatencyRows.zeros(in: mine))
        }
    }

    private static func publish(
        _ count: Int, _ send: (Int) async throws -> Void
    ) async throws -> (called: [UInt64], returned: [UInt64]) {
        var (called, returned): ([UInt64], [UInt64]) = ([], [])
        var random = RandomNumbers(seed: 3)
        for number in 0..<count {
            called.append(bench_now())
            try await send(number)
            returned.append(bench_now())
            // The pace of cable.latency.cross.
            // Apart, so that each message finds its subscriber asleep.
            try await Task.sleep(for: .microseconds(Int.random(in: 2_000...6_000, using: &random)))
        }
        return (called, returned)
    }
}
