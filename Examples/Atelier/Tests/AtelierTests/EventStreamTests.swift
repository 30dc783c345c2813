import Hummingbird
import LiteStack
import LiteStackHummingbird
import LiteStackTesting
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct EventStreamTests {
    @Test func `a message is an event with its cursor, its channel and all its lines`() async throws {
        try await withStream { stack, http, _ in
            let cursor = try await stack.cable.cursor()
            try await stack.cable.publish(bytes: Array("one\ntwo\r\nthree".utf8), to: "a")
            try await http.lines("/events?after=\(cursor)") { _, lines in
                _ = try await lines.event()
                let id = try await stack.cable.cursor()
                #expect(
                    try await lines.event() == ["id: \(id)", "event: a", "data: one", "data: two", "data: three"])
            }
        }
    }

    @Test func `a client that comes back goes on behind the last event that it saw`() async throws {
        try await withStream { stack, http, _ in
            let page = try await stack.cable.cursor()
            let seen = try await stack.cable.publish("seen", to: "a")
            try await stack.cable.publish("other channel", to: "elsewhere")
            try await stack.cable.publish("missed", to: "b")
            try await http.lines("/events?after=\(page)", headers: [("Last-Event-ID", "\(seen)")]) { _, lines in
                _ = try await lines.event()
                #expect(try await lines.event()?.dropFirst() == ["event: b", #"data: "missed""#])
                try await stack.cable.publish("live", to: "a")
                #expect(try await lines.event()?.dropFirst() == ["event: a", #"data: "live""#])
            }
        }
    }

    @Test(arguments: ["nonsense", "0123456789abcdef-5", "", "0123456789abcdef-99999999999999999999"])
    func `an id that is not of this log is told as a gap, then comes what is new`(id: String) async throws {
        try await withStream { stack, http, _ in
            try await stack.cable.publish("old", to: "a")
            try await http.lines("/events", headers: [("Last-Event-ID", id)]) { _, lines in
                _ = try await lines.event()
                let end = try await stack.cable.cursor()
                let gap = try #require(try await lines.event())
                #expect(gap.prefix(2) == ["id: \(end)", "event: gap"])
                #expect(gap.last?.hasPrefix(#"data: {"reason":"otherLog""#) == true)
                try await stack.cable.publish("new", to: "a")
                #expect(try await lines.event()?.last == #"data: "new""#)
            }
        }
    }

    @Test func `what retention removed is told as a gap`() async throws {
        var configuration = Stack.Configuration()
        configuration.cable.maximumMessageCount = 5
        try await withStream(configuration: configuration) { stack, http, _ in
            let beginning = try await stack.cable.cursor()
            for number in 0..<500 { try await stack.cable.publish(number, to: "a") }
            try await http.lines("/events?after=\(beginning)") { _, lines in
                _ = try await lines.event()
                let gap = try #require(try await lines.event())
                #expect(gap[1] == "event: gap")
                #expect(gap[2].hasPrefix(#"data: {"reason":"trimmed""#))
                var last = ""
                while last != "data: 499" { last = try #require(try await lines.event()?.last) }
            }
        }
    }

    @Test func `a quiet stream is kept alive by comments`() async throws {
        try await withStream(keepAlive: .milliseconds(20)) { stack, http, _ in
            try await http.lines("/events") { _, lines in
                _ = try await lines.event()
                for _ in 0..<2 {
                    // The id moves with the log, also over messages of other channels.
                    let cursor = try await stack.cable.publish("elsewhere", to: "c")
                    while true {
                        let event = try #require(try await lines.event())
                        #expect(event.last == ":")
                        if event.first == "id: \(cursor)" { break }
                    }
                }
            }
        }
    }

    @Test func `a stream ends when the server shuts down`() async throws {
        try await withStream { _, http, services in
            try await http.lines("/events") { _, lines in
                _ = try await lines.event()
                await services.triggerGracefulShutdown()
                #expect(try await lines.event() == ["event: end", #"data: {"reason":"closed"}"#])
                #expect(try await lines.event() == nil)
            }
        }
    }

    @Test func `a stream ends when the database is closed`() async throws {
        try await withStream { stack, http, _ in
            try await http.lines("/events") { _, lines in
                _ = try await lines.event()
                await stack.close()
                #expect(try await lines.event() == ["event: end", #"data: {"reason":"closed"}"#])
                #expect(try await lines.event() == nil)
            }
        }
    }

    @Test func `a client that leaves ends its stream, also a quiet one`() async throws {
        let witness = Witness()
        try await withStream(witness: witness) { _, http, _ in
            try await http.lines("/events") { _, lines in
                _ = try await lines.event()
                #expect(witness.streamIsAlive)
            }
            try await eventually("the stream is gone") { !witness.streamIsAlive }
        }
    }

    /// Knows whether the last response still holds what it was made of.
    private final class Witness: Sendable {
        final class Token: Sendable {}
        private struct Reference {
            weak var token: Token?
        }
        private let reference = Mutex(Reference())

        var streamIsAlive: Bool { reference.withLock { $0.token != nil } }

        func token() -> Token {
            let token = Token()
            reference.withLock { $0.token = token }
            return token
        }
    }

    /// A server with nothing but the stream.
    private func withStream(
        configuration: Stack.Configuration = Stack.Configuration(), keepAlive: Duration = .seconds(15),
        witness: Witness = Witness(),
        _ body: @escaping @Sendable (Stack, HTTPConnection, ServiceGroup) async throws -> Void
    ) async throws {
        let stack = try await Stack.temporary(configuration: configuration)
        let router = Router()
        router.get("/events") { request, _ in
            let cursor = request.uri.queryParameters["after"].flatMap { Cable.Cursor(String($0)) }
            let token = witness.token()
            return try await stack.cable.eventStream(
                for: request, channels: ["a", "b"], from: cursor.map { .after($0) } ?? .live, keepAlive: keepAlive
            ) { message in
                withExtendedLifetime(token) { ServerSentEvent(message) }
            }
        }
        var logger = Logger(label: "stream-tests")
        logger.logLevel = .error
        try await withServer(router, services: [stack], logger: logger) { http, services in
            try await body(stack, http, services)
        }
    }
}
