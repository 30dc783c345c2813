#if Hummingbird
import Hummingbird
import LiteCable
import LiteStack
import LiteStackHummingbird
import LiteStackTesting
import Logging
import NIOCore
import Testing

/// A stream of events behind middleware that changes the request's body, to unpack it for example.
@Suite(.timeLimit(.minutes(5))) struct EventStreamBodyTests {
    @Test(arguments: Change.allCases)
    func `whatever middleware made of the request's body, a stream is served and ends with its client`(
        change: Change
    ) async throws {
        var logger = Logger(label: "event-stream-body-tests")
        logger.logLevel = .error
        let stack = try await Stack.temporary(logger: logger)
        var limits = Cable.Gateway.Limits()
        // Of a body that is not the connection's own any more, only what is sent tells that the client has left.
        limits.heartbeat = change.isLastingly ? .milliseconds(100) : .seconds(3_600)
        let gateway = Cable.Gateway(stack.cable, limits: limits)
        let router = Router()
        router.add(middleware: Changing(change: change))
        router.addCable(gateway) { _, _ in try Cable.Grant(subject: "ada", channels: ["a"]) }
        try await withServer(router, services: [stack], logger: logger) { http, _ in
            try await http.lines("/cable/events?channel=a") { _, lines in
                #expect(try await lines.event() == ["retry: 2000"])
                let cursor = try await gateway.cable.publish("one", to: "a")
                var event = try await lines.event()
                while event?.last == ":" { event = try await lines.event() }
                #expect(event?.first == "id: \(cursor)")
                #expect(gateway.connectionCount == 1)
            }
            try await eventually("its place is free") { gateway.connectionCount == 0 }
        }
    }

    enum Change: CaseIterable, CustomTestStringConvertible {
        case none, read, replaced, replacedTwice, replacedAndRead, newRequest

        /// Whether Hummingbird has lost the connection.
        var isLastingly: Bool { [.replacedTwice, .replacedAndRead, .newRequest].contains(self) }
        var testDescription: String { "\(self)" }
    }

    private struct Changing: RouterMiddleware {
        typealias Context = BasicRequestContext

        let change: Change

        @concurrent func handle(
            _ original: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
        ) async throws -> Response {
            var request = original
            switch change {
            case .none: break
            case .read: _ = try await request.collectBody(upTo: 1_000)
            case .replaced: replace(&request)
            case .replacedTwice: for _ in 0..<2 { replace(&request) }
            case .replacedAndRead:
                replace(&request)
                _ = try await request.collectBody(upTo: 1_000)
            case .newRequest: request = Request(head: original.head, body: RequestBody(buffer: ByteBuffer()))
            }
            return try await next(request, context)
        }

        private func replace(_ request: inout Request) {
            request.body = RequestBody(asyncSequence: request.body.map { $0 })
        }
    }
}
#endif
