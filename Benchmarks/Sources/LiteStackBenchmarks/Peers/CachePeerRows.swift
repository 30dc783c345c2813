import CBenchSQLite
import LiteCache

/// `cache.peers.…`: the cache against servers over a Unix socket, with the same keys and values.
enum CachePeerRows {
    static let all = [
        reads("l1", memoryBytes: 64 << 20, hot: true, goals: (100, 1)),
        reads("disk", memoryBytes: 0, hot: false, goals: (5, 1)),
        writes("hot", keyCount: 1_000, goal: 1), writes("random", keyCount: 100_000, goal: 0.6),
    ]

    private static let noAOF = "Redis over a Unix socket, without AOF and snapshots, no pipelining, "
    private static let roundCount = 5

    /// Half as long as elsewhere: there are many servers.
    private static func duration(_ plan: Plan) -> Duration { plan.roundDuration / 2 }

    /// Each answer of both sides is a value of 100 bytes.
    private static func reads(
        _ kind: String, memoryBytes: Int, hot: Bool, goals: (one: Double, fifty: Double)
    ) -> Benchmark {
        Benchmark(name: "cache.peers.get.\(kind)") { plan in
            let pairs = try await PairsFile(in: plan)
            let filled = try await FilledCache(pairs, in: plan, memoryBytes: memoryBytes)
            let reader = MemoryReader(filled, filled.order(amongFirst: hot ? 1_000 : nil))
            let order = pairs.order(amongFirst: hot ? 1_000 : nil).prefix(10_000)
            let ours = { 1e9 / (try await reader.nanoseconds(for: duration(plan))) }
            let text =
                "`get` of 100 bytes, \(hot ? "1,000 hot keys, all in memory" : "100,000 keys, memory layer off"), 1 task"
            var rows: [ResultRow] = []
            for (name, language, count, goal) in peers(goals) {
                guard let peer = try Peer.ifInstalled(name, language, connectionCount: count, pairs) else { continue }
                let requests = order.map { language.get(pairs.keys[$0]) }
                let comparison = try await Comparison(plan, roundCount: roundCount, ours: ours) {
                    try peer.perSecond(requests, language.gotCount, plan)
                }
                rows.append(
                    ResultRow(
                        "cache.peers.get.\(kind).\(name).\(count)", unit: "gets/s", better: .higher, goal: goal,
                        comparison, against: peer.text, text: text))
            }
            await filled.cache.close()
            return rows
        }
    }

    private static func peers(
        _ goals: (one: Double, fifty: Double)
    ) -> [(String, PeerLanguage, Int, Double)] {
        [
            ("redis", .redis, 1, goals.one), ("redis", .redis, 50, goals.fifty),
            ("memcached", .memcached, 1, goals.one),
        ]
    }

    private static func writes(_ kind: String, keyCount: Int, goal: Double) -> Benchmark {
        Benchmark(name: "cache.peers.set.\(kind)") { plan in
            let pairs = try await PairsFile(in: plan, keyCount: keyCount)
            let filled = try await FilledCache(pairs, in: plan, memoryBytes: 32 << 20)
            let order = pairs.order()
            var rows: [ResultRow] = []
            for (name, language, count, taskCount) in [
                ("redis", PeerLanguage.redis, 50, 64), ("redis", .redis, 1, 1), ("memcached", .memcached, 1, 1),
            ] {
                guard let peer = try Peer.ifInstalled(name, language, connectionCount: count, pairs) else { continue }
                let requests = order.prefix(10_000).enumerated().map { number, index in
                    language.set(pairs.keys[index], pairs.values[number % pairs.values.count])
                }
                let comparison = try await Comparison(plan, roundCount: roundCount) {
                    try await setsPerSecond(filled, taskCount: taskCount, plan)
                } baseline: {
                    try peer.perSecond(requests, language.storedCount, plan)
                }
                rows.append(
                    ResultRow(
                        "cache.peers.set.\(kind).\(name).\(count)", unit: "sets/s", better: .higher,
                        goal: count == 1 ? 1 : goal, comparison, against: peer.text,
                        text: "\(taskCount) task(s) `set` 100 bytes under random keys among \(keyCount), `.normal`: in "
                            + "the file when it returns, which the other's is not"))
            }
            await filled.cache.close()
            return rows
        }
    }

    private static func setsPerSecond(_ filled: FilledCache, taskCount: Int, _ plan: Plan) async throws -> Double {
        if taskCount == 1 {
            let order = filled.order()
            var number = 0
            return 1e9
                / (try await Stopwatch.time(for: duration(plan), batch: 8) {
                    let index = order[number % order.count]
                    number += 1
                    try await filled.cache.set(
                        filled.keys[index], filled.values[(index + number) % filled.values.count])
                })
        }
        return try await SixtyFourTasks.perSecond(duration(plan)) { task in
            let order = filled.order(seed: UInt64(task))
            return { number in
                let index = order[number % order.count]
                try await filled.cache.set(filled.keys[index], filled.values[(index + number) % filled.values.count])
            }
        }
    }

    /// A server filled with the same pairs, and the client's connections.
    private final class Peer {
        let text: String
        private let server: PeerServer
        private let client: PeerClient
        private let isAlone: Bool

        init(_ name: String, _ language: PeerLanguage, connectionCount: Int, _ pairs: PairsFile) throws {
            server = try name == "redis" ? .redis() : .memcached()
            client = try PeerClient(server.socket, connectionCount: connectionCount)
            isAlone = connectionCount == 1
            text =
                (name == "redis" ? CachePeerRows.noAOF : "memcached over a Unix socket, no pipelining, ")
                + "\(connectionCount) connection(s) of one thread"
                + (isAlone ? "; the better of as it comes and all on one core" : "")
            // A hundred at a time, or the filling takes longer than the measuring.
            for start in stride(from: 0, to: pairs.keys.count, by: 100) {
                let indices = start..<min(start + 100, pairs.keys.count)
                let requests = indices.flatMap { index in
                    language.set(pairs.keys[index], pairs.values[index % pairs.values.count])
                }
                try client.ask(requests, answerCount: indices.count * language.storedCount)
            }
        }

        /// nil, and a line that names its package, if it is not installed.
        static func ifInstalled(
            _ name: String, _ language: PeerLanguage, connectionCount: Int, _ pairs: PairsFile
        ) throws -> Peer? {
            do {
                return try Peer(name, language, connectionCount: connectionCount, pairs)
            } catch let missing as MissingProgram {
                missing.report()
                return nil
            }
        }

        /// One connection is measured in both ways, since waking the other core is most of its time.
        func perSecond(_ requests: [[UInt8]], _ answerCount: Int, _ plan: Plan) throws -> Double {
            let (server, client, isAlone) = (server, client, isAlone)
            nonisolated(unsafe) var best = 0.0  // the thread ends before it is read
            nonisolated(unsafe) let sides = (server, client)
            let duration = CachePeerRows.duration(plan) / (isAlone ? 2 : 1)
            try onThread {
                best = try sides.1.perSecond(requests, answerCount: answerCount, for: duration)
                guard isAlone else { return }
                try sides.0.keepOnOneCore(true)
                best = max(best, try sides.1.perSecond(requests, answerCount: answerCount, for: duration))
                try sides.0.keepOnOneCore(false)
            }
            return best
        }
    }
}
