#if Hummingbird && Tokens
import Foundation
import Hummingbird
import HummingbirdCore
import LiteStack
import LiteStackHummingbird
import LiteStackTesting
import LiteStackWebSocket
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Synchronization
import Testing

/// A server with sockets: whom it refuses and what it says of that, and what does not hold up its end.
@Suite(.timeLimit(.minutes(5))) struct SocketServerTests {
    @Test func `a connection that has asked for nothing yet does not hold up the end of the server`() async throws {
        try await withSockets { server in
            for begun in ["", "GET /cable/socket HTTP/1.1\r\nHost:"] {
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(host: "127.0.0.1", port: server.http.port).get()
                try await channel.writeAndFlush(ByteBuffer(string: begun))
                server.opened.add(channel)
            }
            // The server has taken those before it, and so it has taken them.
            #expect(try await server.http.send(.GET, "/cable/client.js").status == 200)
            await server.services.triggerGracefulShutdown()
            for channel in server.opened.all { try await channel.closeFuture.get() }
        }
    }

    @Test func `a client that takes nothing and breaks the rules is closed after a time`() async throws {
        var limits = Cable.Gateway.Limits()
        (limits.stallTimeout, limits.heartbeat) = (.seconds(3), .seconds(3_600))
        try await withSockets(limits) { server in
            try await server.open { lazy in
                let subscribe = #"{"do":"subscribe","id":"s","channels":["room.7"]}"#
                try await lazy.send(subscribe)
                _ = try await lazy.nextText()
                try await server.open { quick in
                    try await quick.send(subscribe)
                    _ = try await quick.nextText()
                    // More than the buffers on the way hold: when one has them all, the other's are full.
                    let text = String(repeating: "x", count: 1_000_000)
                    try await server.gateway.cable.publish((0..<32).map { _ in try Cable.Draft(text, to: "room.7") })
                    for _ in 0..<32 { _ = try await quick.nextText() }
                }
                try await lazy.send([65], opcode: 2)
                try await eventually("its place is free", within: .seconds(30)) {
                    server.gateway.connectionCount == 0
                }
            }
        }
    }

    @Test func `what the application throws is the answer, or is logged`() async throws {
        struct Broken: Error {}
        let log = RecordingLog()
        @Sendable func warnings() -> [String] { log.entries.filter { $0.level >= .warning }.map { "\($0.message)" } }
        try await withSockets(
            logger: log.logger,
            builder: { gateway, _ in
                .http1WithCable(gateway) { request in
                    if request.uri.query == "thrown" { throw HTTPError(.conflict) }
                    throw Broken()
                }
            }
        ) { server in
            let thrown = try await server.status("/cable/socket", "thrown")
            #expect(thrown == 409)
            #expect(warnings().isEmpty)
            let broken = try await server.status("/cable/socket", "broken")
            #expect(broken == 503)
            #expect(warnings() == ["A client of the cable could not be served"])
        }
    }

    @Test func `where nobody says who may open a socket, nobody may`() async throws {
        try await withSockets(builder: { gateway, _ in .http1WithCable(gateway) }) { server in
            let token = try server.keys.token(for: "ada", channels: ["room.7"])
            #expect(try await server.status("/cable/socket", "token=\(token)") == 401)
            #expect(try await server.status("/cable/socket") == 401)
        }
    }

    @Test func `no token of a socket is logged`() async throws {
        let log = RecordingLog()
        try await withSockets(logger: log.logger) { server in
            let good = try server.keys.token(for: "ada", channels: ["room.7"])
            let forged = String(good.dropLast(8)) + "AAAAAAAA"
            for token in [good, forged] {
                #expect(try await server.status("/cable/socket", "token=\(token)") == (token == good ? 101 : 401))
                let offered = "Sec-WebSocket-Protocol: litecable, litecable.token.\(token)"
                #expect(
                    try await server.status("/cable/socket", headers: [offered]) == (token == good ? 101 : 401))
            }
            let text = log.entries.map { "\($0.message) \($0.metadata)" }.joined(separator: "\n")
            #expect(!text.isEmpty)
            for token in [good, forged] {
                for part in token.split(separator: ".").suffix(2) { #expect(!text.contains(part)) }
            }
        }
    }

    @Test func `a quiet stream of events has comments with the place that it has come to`() async throws {
        var limits = Cable.Gateway.Limits()
        limits.heartbeat = .milliseconds(100)
        try await withSockets(limits) { server in
            let token = try server.keys.token(for: "ada", channels: ["room.7"])
            try await server.http.lines("/cable/events?channel=room.7&token=\(token)") { _, lines in
                #expect(try await lines.event() == ["retry: 2000"])
                let elsewhere = try await server.gateway.cable.publish("elsewhere", to: "room.8")
                var comment = try #require(try await lines.event())
                while comment != ["id: \(elsewhere)", ":"] {
                    try #require(comment.count == 2 && comment.last == ":", "\(comment)")
                    comment = try #require(try await lines.event())
                }
            }
        }
    }

    // MARK: Support

    private final class Opened: Sendable {
        private let channels = Mutex<[any Channel]>([])
        var all: [any Channel] { channels.withLock { $0 } }
        func add(_ channel: any Channel) { channels.withLock { $0.append(channel) } }
    }

    private struct Server {
        let gateway: Cable.Gateway
        let keys: Cable.SigningKeys
        let http: HTTPConnection
        let services: ServiceGroup
        let opened = Opened()

        func open<T: Sendable>(_ body: (inout SocketClient) async throws -> T) async throws -> T {
            let token = try keys.token(for: "ada", channels: ["room.7"])
            return try await SocketClient.open(port: http.port, "token=\(token)", body)
        }

        /// The status of the answer to an upgrade.
        func status(_ path: String, _ query: String = "", headers: [String] = []) async throws -> Int {
            do {
                return try await SocketClient.open(port: http.port, query, path: path, headers: headers) { _ in 101 }
            } catch let refused as SocketClient.Refused {
                return refused.status
            }
        }
    }

    private func withSockets(
        _ limits: Cable.Gateway.Limits = .init(), logger: Logger? = nil,
        builder: (Cable.Gateway, Cable.SigningKeys) -> HTTPServerBuilder = { gateway, keys in
            .http1WithCable(gateway, keys: keys)
        }, _ body: @escaping @Sendable (Server) async throws -> Void
    ) async throws {
        var quiet = Logger(label: "socket-server-tests")
        quiet.logLevel = .error
        let logger = logger ?? quiet
        let stack = try await Stack.temporary(logger: logger)
        let keys = Cable.SigningKeys(.ephemeral())
        let gateway = Cable.Gateway(stack.cable, limits: limits)
        let router = Router()
        router.addCable(gateway, keys: keys)
        try await withServer(router, server: builder(gateway, keys), services: [stack], logger: logger) {
            http, services in
            try await body(Server(gateway: gateway, keys: keys, http: http, services: services))
        }
    }
}
#endif
