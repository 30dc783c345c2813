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

@Suite(.timeLimit(.minutes(5))) struct CableRoutesTests {
    @Test func `a client with a token receives its channels in one stream, each message with its place`() async throws {
        try await withRoutes { routes in
            let cursor = try await routes.cable.cursor()
            let first = try await routes.cable.publish(["n": 1], to: "room.7", event: "said")
            let second = try await routes.cable.publish(bytes: Array("a\nb\"".utf8), to: "room.8")
            let third = try await routes.cable.publish(bytes: [0xff], to: "room.7")
            try await routes.stream("channel=room.7&channel=room.8&after=\(cursor)", ["room.>"]) { head, lines in
                #expect(head.status == .ok)
                #expect(head.headers["Content-Type"] == ["text/event-stream"])
                #expect(head.headers["Cache-Control"] == ["no-store, no-transform"])
                #expect(head.headers["X-Accel-Buffering"] == ["no"])
                #expect(try await lines.event() == ["retry: 2000"])
                var event = try #require(try await lines.event())
                #expect(event[0] == "id: \(first)")
                #expect(event[1].hasPrefix(#"data: {"channel":"room.7","event":"said","at":"#))
                #expect(event[1].hasSuffix(#","data":{"n":1}}"#))
                event = try #require(try await lines.event())
                #expect(event[0] == "id: \(second)")
                #expect(event[1].hasSuffix(#","text":"a\u000ab\""}"#))
                event = try #require(try await lines.event())
                #expect(event[0] == "id: \(third)")
                #expect(event[1].hasSuffix(#","base64":"_w"}"#))
            }
        }
    }

    @Test func `a client that comes back goes on behind its last event, and is told a gap if it cannot`() async throws {
        try await withRoutes { routes in
            let seen = try await routes.cable.publish("seen", to: "room.7")
            try await routes.cable.publish("missed", to: "room.7")
            try await routes.stream("channel=room.7", ["room.7"], headers: [("Last-Event-ID", "\(seen)")]) { _, lines in
                _ = try await lines.event()
                #expect(try #require(try await lines.event()).last?.hasSuffix(#""data":"missed"}"#) == true)
            }
            for id in ["nonsense", "", "0123456789abcdef-5", "\(seen.epoch)-999"] {
                try await routes.stream("channel=room.7", ["room.7"], headers: [("Last-Event-ID", id)]) { _, lines in
                    _ = try await lines.event()
                    let end = try await routes.cable.cursor()
                    let gap = try #require(try await lines.event())
                    #expect(gap[0] == "id: \(end)")
                    #expect(gap[1] == "event: gap")
                    #expect(gap[2].contains(#""reason":"otherLog""#))
                }
            }
        }
    }

    @Test func `without a grant everything is refused, and what a grant does not allow too`() async throws {
        try await withRoutes { routes in
            let token = try routes.token(["room.7"])
            let expired = try routes.keys.token(
                for: "ada", channels: ["room.7"], lifetime: .seconds(1), at: Date(timeIntervalSinceNow: -60))
            let cases: [(String, String?, Int, String)] = [
                ("channel=room.7", nil, 401, "unauthorised"),
                ("channel=room.7", "lite1.k.e30.AAAA", 401, "unauthorised"),
                ("channel=room.7", expired, 401, "expired"),
                ("channel=room.8", token, 403, "forbidden"),
                ("channel=room.*", token, 403, "forbidden"),
                ("channel=%24presence.room.7", token, 403, "forbidden"),
                ("channel=room.7&presence=room.7", token, 403, "forbidden"),
                ("channel=room.7&last=3", token, 403, "forbidden"),
                ("channel=room.7&since=3", token, 403, "forbidden"),
                ("channel=room%0A", token, 400, "invalidChannel"),
                ("channel=%FF", token, 403, "forbidden"),
                ("", token, 400, "invalidCommand"),
                ("channel=room.7&last=-1", token, 400, "invalidCommand"),
                ("channel=room.7&connection=%20", token, 400, "invalidCommand"),
            ]
            for (query, token, status, code) in cases {
                // Who only asks once is not present.
                for route in query.contains("presence=") ? ["events"] : ["events", "messages"] {
                    let fields = token.map { [("Authorization", "Bearer \($0)")] } ?? []
                    let answer = try await routes.http.send(.GET, "/cable/\(route)?\(query)", headers: fields)
                    #expect(answer.status == status, "\(route)?\(query)")
                    #expect(answer.body == #"{"error":"\#(code)"}"#, "\(route)?\(query)")
                }
            }
            // Nobody said who may listen.
            #expect(try await routes.http.send(.GET, "/closed/events?channel=room.7").status == 401)
        }
    }

    @Test func `a token counts in the query too, and a stream ends when it expires`() async throws {
        try await withRoutes { routes in
            let token = try routes.keys.token(for: "ada", channels: ["room.7"], lifetime: .seconds(3))
            try await routes.http.lines("/cable/events?channel=room.7&token=\(token)") { head, lines in
                #expect(head.status == .ok)
                _ = try await lines.event()
                var last = try await lines.event()
                while last == nil || last?.first == "event: message" { last = try await lines.event() }
                #expect(last == ["event: end", #"data: {"reason":"expired"}"#])
                #expect(try await lines.event() == nil)
            }
        }
    }

    @Test func `disconnecting a subject ends its streams, and its token is refused from then on`() async throws {
        try await withRoutes { routes in
            let token = try routes.token(["room.7"])
            try await routes.stream("channel=room.7", [], token: token) { _, lines in
                _ = try await lines.event()
                try await routes.cable.disconnect(subject: "ada")
                #expect(try await lines.event() == ["event: end", #"data: {"reason":"disconnected"}"#])
            }
            let answer = try await routes.http.send(
                .GET, "/cable/messages?channel=room.7", headers: [("Authorization", "Bearer \(token)")])
            #expect(answer.status == 401)
        }
    }

    @Test func `who listens is present, and is told who else is`() async throws {
        try await withRoutes { routes in
            let query = "channel=room.7&presence=room.7"
            try await routes.stream(query, ["room.7"], .presence) { _, lines in
                _ = try await lines.event()
                let present = try #require(try await lines.event())
                #expect(present[0] == "event: present")
                #expect(present[1].hasSuffix(#""members":[{"member":"ada","connections":1,"info":null}]}"#))
                try await routes.cable.presence.join("room.7", as: "bob", connection: Cable.ConnectionID())
                let joined = try #require(try await lines.event())
                #expect(joined[1] == "event: presence")
                #expect(joined[2].contains(#""channel":"room.7","event":"join""#))
                #expect(joined[2].hasSuffix(#""data":{"member":"bob","info":null}}"#))
            }
        }
    }

    @Test func `a client that asks gets what is there in JSON, and goes on from its cursor`() async throws {
        try await withRoutes { routes in
            let start = try await routes.cable.cursor()
            for number in 0..<5 { try await routes.cable.publish(number, to: "room.7") }
            struct Answer: Decodable {
                struct Event: Decodable {
                    var type: String
                    var cursor: String
                    var data: Int
                }
                var cursor: String
                var events: [Event]
            }
            var (after, numbers) = (start.description, [Int]())
            let fields = [("Authorization", "Bearer \(try routes.token(["room.7"]))")]
            for _ in 0..<4 {
                let answer = try await routes.http.send(
                    .GET, "/cable/messages?channel=room.7&limit=2&after=\(after)", headers: fields)
                let page = try JSONDecoder().decode(Answer.self, from: Data(answer.bytes))
                numbers += page.events.map(\.data)
                after = page.cursor
            }
            #expect(numbers == [0, 1, 2, 3, 4])
            #expect(after == (try await routes.cable.cursor()).description)
        }
    }

    @Test func `the client and its types are served, and not twice to who has them`() async throws {
        try await withRoutes { routes in
            for (name, type, text) in [
                ("client.js", "text/javascript; charset=utf-8", "export function connect"),
                ("client.d.ts", "text/plain; charset=utf-8", "export function connect"),
            ] {
                let answer = try await routes.http.send(.GET, "/cable/\(name)")
                #expect(answer.status == 200)
                #expect(answer.headers["Content-Type"] == [type])
                #expect(answer.body.contains(text))
                let tag = try #require(answer.headers["ETag"].first)
                let again = try await routes.http.send(.GET, "/cable/\(name)", headers: [("If-None-Match", tag)])
                #expect(again.status == 304)
                #expect(again.bytes.isEmpty)
            }
        }
    }

    @Test func `streams end when the server shuts down, and a client that leaves gives its place back`() async throws {
        try await withRoutes { routes in
            try await routes.stream("channel=room.7", ["room.7"]) { _, lines in
                _ = try await lines.event()
                #expect(routes.gateway.connectionCount == 1)
            }
            try await eventually("the place is free") { routes.gateway.connectionCount == 0 }
            try await routes.stream("channel=room.7", ["room.7"]) { _, lines in
                _ = try await lines.event()
                await routes.services.triggerGracefulShutdown()
                #expect(try await lines.event() == ["event: end", #"data: {"reason":"closed"}"#])
                #expect(try await lines.event() == nil)
            }
        }
    }

    // MARK: Support

    private struct Routes {
        let gateway: Cable.Gateway
        let keys: Cable.SigningKeys
        let http: HTTPConnection
        let services: ServiceGroup

        var cable: Cable { gateway.cable }

        func token(_ channels: [String], _ permissions: Cable.Grant.Permissions = []) throws -> String {
            try keys.token(for: "ada", channels: channels, permissions: permissions)
        }

        func stream(
            _ query: String, _ channels: [String], _ permissions: Cable.Grant.Permissions = [],
            headers: [(String, String)] = [], token: String? = nil,
            _ body: (HTTPResponseHead, inout HTTPConnection.Lines) async throws -> Void
        ) async throws {
            let token = try token ?? self.token(channels, permissions)
            try await http.lines(
                "/cable/events?\(query)", headers: [("Authorization", "Bearer \(token)")] + headers, body)
        }
    }

    private func withRoutes(_ body: @escaping @Sendable (Routes) async throws -> Void) async throws {
        var logger = Logger(label: "cable-routes-tests")
        logger.logLevel = .error
        let stack = try await Stack.temporary(logger: logger)
        let keys = Cable.SigningKeys(.ephemeral())
        let gateway = Cable.Gateway(stack.cable)
        let router = Router()
        router.addCable(gateway, keys: keys)
        router.addCable(gateway, at: "closed")
        try await withServer(router, services: [stack], logger: logger) { http, services in
            try await body(Routes(gateway: gateway, keys: keys, http: http, services: services))
        }
    }
}
#endif
