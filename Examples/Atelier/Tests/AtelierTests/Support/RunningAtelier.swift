import LiteStack
import LiteStackTesting
import Logging
import NIOHTTP1
import ServiceLifecycle
import Testing

@testable import AtelierApp

/// A server that runs for one test, on a port and in a folder of its own.
struct RunningAtelier {
    let stack: Stack
    let http: HTTPConnection
    let services: ServiceGroup

    /// As the page does it.
    func upload(
        _ bytes: [UInt8], title: String = "A%20test", style: String = "sepia", origin: String? = nil,
        declaresLength: Bool = true
    ) async throws -> HTTPConnection.Answer {
        try await http.send(
            .PUT, "/pictures?title=\(title)&style=\(style)",
            headers: [("Origin", origin ?? "http://127.0.0.1:\(http.port)")], body: bytes,
            declaresLength: declaresLength)
    }

    /// The page's stream, as the page opens it.
    func events<T: Sendable>(
        after cursor: String, _ body: (HTTPResponseHead, inout HTTPConnection.Lines) async throws -> T
    ) async throws -> T {
        let token = try await http.send(.GET, "/token").body
        return try await http.lines(
            "/cable/events?channel=gallery&after=\(cursor)", headers: [("Authorization", "Bearer \(token)")], body)
    }

    func state(of picture: Int64) throws -> Picture.State? {
        try stack.db.read { snapshot in try PictureStore(cache: stack.cache).picture(picture, in: snapshot)?.state }
    }

    /// The first messages of the log.
    func messages(_ count: Int) async throws -> [PictureMessage] {
        let beginning = try #require(Cable.Cursor("\(try await stack.cable.cursor().epoch)-0"))
        var messages: [PictureMessage] = []
        for try await event in try await stack.cable.subscribe(to: [PictureMessage.channel], from: .after(beginning)) {
            guard case .message(let message) = event else { continue }
            messages.append(try message.decode())
            if messages.count == count { break }
        }
        return messages
    }

    func waitUntil(_ picture: Int64, is state: Picture.State) async throws {
        try await eventually("picture \(picture) is \(state)", within: .seconds(60)) {
            try self.state(of: picture) == state
        }
    }
}

func withAtelier(
    styleTimeout: Duration = .seconds(60), _ body: @escaping @Sendable (RunningAtelier) async throws -> Void
) async throws {
    var logger = Logger(label: "atelier-tests")
    logger.logLevel = .error
    try await withTemporaryDirectory { [logger] folder in
        var configuration = Atelier.Configuration()
        configuration.port = 0
        configuration.styleTimeout = styleTimeout
        let stack = try await Stack.open(at: folder + "/data", logger: logger)
        let (ports, listening) = AsyncStream<Int?>.makeStream()
        let atelier: Atelier
        do {
            atelier = try await Atelier(stack, configuration, logger) { address in
                listening.yield(Int(address.split(separator: ":").last ?? ""))
            }
        } catch {
            await stack.close()
            throw error
        }
        try await withService(atelier, started: ports, finish: listening, logger: logger) { http, services in
            try await body(RunningAtelier(stack: stack, http: http, services: services))
        }
    }
}
