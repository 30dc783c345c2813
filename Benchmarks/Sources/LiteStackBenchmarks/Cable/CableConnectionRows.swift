import CBenchSQLite
import Foundation

/// `cable.sse.2000` and `cable.ws.2000`: browsers, or what behaves like them.
enum CableConnectionRows {
    static let connectionCount = 2_000

    static let events = Benchmark(name: "cable.sse.2000") { plan in
        try await rows(plan, "cable.sse.2000", transport: "sse", what: "event streams")
    }

    static let sockets = Benchmark(name: "cable.ws.2000") { plan in
        try await rows(plan, "cable.ws.2000", transport: "ws", what: "WebSockets")
    }

    private static func rows(
        _ plan: Plan, _ name: String, transport: String, what: String
    ) async throws -> [ResultRow] {
        let server = try Child("cable-server", try plan.newPath("app.sqlite3"))
        let port = try server.line()
        let before = try ask(server, "memory")
        let clients = try Child("cable-clients", port, "\(connectionCount)", transport)
        guard try clients.line() == "connected" else { throw ChildError(message: "the clients did not connect") }
        let seconds = plan.isQuick ? 3 : 20
        let reached = try ask(server, "publish \(seconds)")
        let after = try ask(server, "memory")
        try clients.tell("latencies")
        var latencies = Latencies()
        for pair in try clients.answer([[UInt64]].self) { latencies.record(pair[0], count: pair[1]) }
        try clients.finish()
        try server.finish()
        guard latencies.count == connectionCount * Int(reached) else {
            throw ChildError(message: "\(latencies.count) of \(connectionCount * Int(reached)) messages arrived")
        }
        let spread = latencies.summary(.milliseconds)
        let text =
            "\(connectionCount) \(what) from one client process over loopback, a message each second to all of them at "
            + "once, \(seconds) s; the Hummingbird server and the publisher are one process, `.full`"
        return [
            ResultRow(
                name, unit: "ms", better: .lower, goal: 100, ours: spread.p99, latencies: spread,
                text: "99th percentile from before `publish` to the client: " + text),
            ResultRow(
                name + ".memory", unit: "KiB", better: .lower, goal: 40,
                ours: Double(after - before) / Double(connectionCount) / 1024,
                text: "what the server's resident memory grew by, for each connection, in the same run"),
        ]
    }

    private static func ask(_ child: Child, _ question: String) throws -> Int {
        try child.tell(question)
        return try child.answer(Int.self)
    }
}
