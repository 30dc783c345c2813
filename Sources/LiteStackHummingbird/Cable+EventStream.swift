#if Hummingbird
import AsyncAlgorithms
import HTTPTypes
public import Hummingbird
public import LiteCable
import NIOCore
import ServiceLifecycle

extension Cable {
    /// Answers a request with the messages of some channels, as they come: a `text/event-stream` for `EventSource`.
    ///
    /// ```swift
    /// router.get("events") { request, _ in
    ///     let cursor = request.uri.queryParameters["after"].flatMap { Cable.Cursor(String($0)) }
    ///     return try await cable.eventStream(
    ///         for: request, channels: ["gallery"], from: cursor.map { .after($0) } ?? .live)
    /// }
    /// ```
    ///
    /// Each event's id is its cursor. A browser that lost the connection sends the last one back as `Last-Event-ID`,
    /// which goes before `start`, so it goes on exactly where it was. What cannot be delivered is told by an event
    /// named `gap`, whose data is `{"reason":"trimmed"}` (it was removed) or `{"reason":"otherLog"}` (the id is not of
    /// this log); the page then reads its data anew.
    ///
    /// The response ends when the client closes the connection, when the server shuts down, and when the database is
    /// closed. The request's body must not have been read.
    ///
    /// - Parameters:
    ///   - request: The request to answer.
    ///   - channels: The channels, by their exact names.
    ///   - start: Where to begin if the request has no `Last-Event-ID`. Default `.live`. A page passes the cursor of
    ///     the snapshot that it was rendered from, and misses nothing.
    ///   - keepAlive: How often a comment is sent, so that proxies keep the connection and a lost one is noticed.
    ///     Default 15 seconds. Less notices earlier and costs more packets.
    ///   - makeEvent: What is sent for a message. Default: named after its channel, the payload as text, in which
    ///     bytes that are not UTF-8 are repaired.
    /// - Throws: `DatabaseError`.
    public func eventStream(
        for request: Request, channels: some Sequence<String>, from start: Start = .live,
        keepAlive: Duration = .seconds(15),
        makeEvent: @escaping @Sendable (Message) -> ServerSentEvent = { ServerSentEvent($0) }
    ) async throws -> Response {
        var greeting = "retry: 2000\n\n"
        var start = start
        if let lastEventID = request.headers[.lastEventID] {
            if let cursor = Cursor(lastEventID) {
                start = .after(cursor)
            } else {
                let cursor = try await cursor()
                start = .after(cursor)
                greeting += ServerSentEvent(unknownIDAt: cursor).encoded
            }
        }
        let subscription = try await subscribe(to: channels, from: start)
        let parts = EventStreamPart.sequence(of: subscription, keepAlive: keepAlive)
        let first = greeting

        return Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream",
                .cacheControl: "no-store, no-transform",
                .xAccelBuffering: "no",
            ],
            body: ResponseBody { writer in
                try await request.body.consumeWithCancellationOnInboundClose { _ in
                    try await writer.write(ByteBuffer(string: first))
                    // Without this a server that shuts down waits for every open stream.
                    loop: for try await part in parts.cancelOnGracefulShutdown() {
                        switch part {
                        case .event(.message(let message)):
                            try await writer.write(ByteBuffer(string: makeEvent(message).encoded))
                        case .event(.gap(let gap)):
                            try await writer.write(ByteBuffer(string: ServerSentEvent(gap).encoded))
                        case .keepAlive:
                            try await writer.write(ByteBuffer(string: ":\n\n"))
                        case .end:
                            break loop
                        }
                    }
                }
                try await writer.finish(nil)
            }
        )
    }
}

extension ServerSentEvent {
    /// A message: its cursor, its channel as the name, its payload as text.
    public init(_ message: Cable.Message) {
        self.init(
            id: message.cursor.description, name: message.channel,
            data: String(decoding: message.payload, as: UTF8.self))
    }

    init(_ gap: Cable.Gap) {
        self.init(id: gap.resumesAfter.description, name: "gap", data: #"{"reason":"\#(gap.reason)"}"#)
    }

    init(unknownIDAt cursor: Cable.Cursor) {
        self.init(id: cursor.description, name: "gap", data: #"{"reason":"otherLog"}"#)
    }
}

extension HTTPField.Name {
    static var lastEventID: Self { Self("Last-Event-ID")! }
    /// Tells nginx not to hold the stream back.
    static var xAccelBuffering: Self { Self("X-Accel-Buffering")! }
}
#endif
