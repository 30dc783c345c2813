#if Hummingbird && Tokens
import Foundation
import Hummingbird
import LiteStack
import LiteStackHummingbird
import LiteStackTesting
import Logging
import NIOHTTP1
import ServiceLifecycle
import Testing

/// What clients send that is too large, too much or too late, and what happens to a stream meanwhile.
@Suite(.timeLimit(.minutes(5))) struct CableRequestTests {
    @Test func `a query or a header that is too long is refused, and others are served`() async throws {
        try await withRoutes { routes in
            let many = (0..<100).map { "channel=room.\($0)" }.joined(separator: "&")
            try await routes.expect(429, "messages?\(many)")
            let long = String(repeating: "c", count: 600)
            try await routes.expect(400, "messages?channel=\(long)")
            // The server's own limit: an answer that refuses, or a closed connection.
            let huge = String(repeating: "c", count: 200_000)
            for (query, field) in [("channel=\(huge)", "x"), ("channel=room.7", huge)] {
                let answer = try? await routes.ask("messages?\(query)", headers: [("X-Long", field)])
                #expect(answer.map { (400..<500).contains($0.status) } ?? true)
            }
            try await routes.expect(200, "messages?channel=room.7")
        }
    }

    @Test func `what asks for a number of messages gets at most a thousand, and at least one`() async throws {
        try await withRoutes { routes in
            let start = try await routes.cable.cursor()
            try await routes.cable.publish((0..<1_200).map { try Cable.Draft($0, to: "room.7") })
            struct Answer: Decodable {
                struct Event: Decodable {}
                var events: [Event]
            }
            for (limit, count) in [("5000", 1_000), ("1000", 1_000), ("0", 1), ("1", 1), ("99999999999999999999", nil)]
            {
                let answer = try await routes.ask("messages?channel=room.7&after=\(start)&limit=\(limit)")
                #expect(answer.status == (count == nil ? 400 : 200), "\(limit)")
                guard let count else { continue }
                let events = try JSONDecoder().decode(Answer.self, from: Data(answer.bytes)).events
                #expect(events.count == count, "\(limit)")
            }
            for limit in ["-1", "ten", ""] {
                try await routes.expect(400, "messages?channel=room.7&limit=\(limit)")
            }
        }
    }

    @Test func `the largest payload comes whole, and a larger one is not published`() async throws {
        try await withRoutes { routes in
            try await routes.stream { lines in
                let size = Cable.Configuration().maximumPayloadBytes
                await #expect {
                    try await routes.cable.publish(bytes: Array(repeating: 122, count: size + 1), to: "room.7")
                } throws: {
                    ($0 as? CableError)?.code == .tooLarge
                }
                try await routes.cable.publish(bytes: Array(repeating: 122, count: size), to: "room.7")
                let event = try #require(try await lines.event())
                #expect(event[1].utf8.count { $0 == 122 } == size)
            }
        }
    }

    @Test func `a stream that is busy ends when the server shuts down`() async throws {
        try await withRoutes { routes in
            let publishing = Task {
                var number = 0
                while !Task.isCancelled {
                    try await routes.cable.publish(number, to: "room.7")
                    number += 1
                }
            }
            defer { publishing.cancel() }
            try await routes.stream { lines in
                for _ in 0..<20 { _ = try await lines.event() }
                await routes.services.triggerGracefulShutdown()
                var last: [String]?
                while let event = try await lines.event() { last = event }
                #expect(last == ["event: end", #"data: {"reason":"closed"}"#])
            }
        }
    }

    @Test func `a disconnect while the server looks a client up refuses it`() async throws {
        try await withRoutes { routes in
            for route in ["messages", "events"] {
                let answer = try await routes.http.send(.GET, "/late/\(route)?channel=room.7")
                #expect(answer.status == 401, "\(route)")
            }
        }
    }

    @Test func `through kills of a publishing process a stream has each of its messages once`() async throws {
        try await withRoutes { routes in
            let helper = ChildProcess.builtExecutable("LiteStackCrashHelper")
            try await routes.stream { lines in
                var next = 0
                for _ in 0..<3 {
                    try await withChildProcess(
                        helper, arguments: ["publish-on", routes.path, "room.7", "\(next)"]
                    ) { child in
                        for _ in 0..<25 {
                            try await Self.expect(next, &lines)
                            next += 1
                        }
                        child.send(.kill)
                        try await child.waitForExit()
                    }
                    // What it committed before it died comes as well.
                    let end = try await routes.cable.publish("end", to: "room.7")
                    while let event = try await lines.event(), event.first != "id: \(end)" {
                        #expect(event.last?.hasSuffix(#""data":\#(next)}"#) == true)
                        next += 1
                    }
                }
            }
        }
    }

    private static func expect(_ number: Int, _ lines: inout HTTPConnection.Lines) async throws {
        let event = try #require(try await lines.event())
        #expect(event.last?.hasSuffix(#""data":\#(number)}"#) == true, "\(number): \(event)")
    }

    // MARK: Support

    private struct Routes {
        let gateway: Cable.Gateway
        let path: String
        let token: String
        let http: HTTPConnection
        let services: ServiceGroup

        var cable: Cable { gateway.cable }

        func ask(_ path: String, headers: [(String, String)] = []) async throws -> HTTPConnection.Answer {
            try await http.send(
                .GET, "/cable/\(path)", headers: [("Authorization", "Bearer \(token)")] + headers)
        }

        func expect(_ status: Int, _ path: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
            let answer = try await ask(path)
            #expect(answer.status == status, "\(path.prefix(80))", sourceLocation: sourceLocation)
        }

        func stream(_ body: (inout HTTPConnection.Lines) async throws -> Void) async throws {
            let fields = [("Authorization", "Bearer \(token)")]
            try await http.lines("/cable/events?channel=room.7", headers: fields) { _, lines in
                #expect(try await lines.event() == ["retry: 2000"])
                try await body(&lines)
            }
        }
    }

    private func withRoutes(_ body: @escaping @Sendable (Routes) async throws -> Void) async throws {
        var logger = Logger(label: "cable-request-tests")
        logger.logLevel = .error
        let stack = try await Stack.temporary(logger: logger)
        let keys = Cable.SigningKeys(.ephemeral())
        let gateway = Cable.Gateway(stack.cable)
        let router = Router()
        router.addCable(gateway, keys: keys)
        router.addCable(gateway, at: "late") { [cable = stack.cable] _, _ in
            let grant = try Cable.Grant(subject: "eve", channels: ["room.7"])
            try await cable.disconnect(subject: "eve")
            return grant
        }
        let (path, token) = (
            stack.db.path, try keys.token(for: "ada", channels: ["room.>", String(repeating: "c", count: 500)])
        )
        try await withServer(router, services: [stack], logger: logger) { http, services in
            try await body(Routes(gateway: gateway, path: path, token: token, http: http, services: services))
        }
    }
}
#endif
