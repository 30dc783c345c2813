#if Hummingbird
public import Hummingbird
public import LiteCable

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
    /// This is for routes that choose the channels themselves and let everybody listen whom they let in. Where clients
    /// name channels, use ``Hummingbird/RouterMethods/addCable(_:at:authorise:)``.
    ///
    /// Each event's id is its cursor. A browser that lost the connection sends the last one back as `Last-Event-ID`,
    /// which goes before `start`, so it goes on exactly where it was. What cannot be delivered is told by an event
    /// named `gap`, whose data has the `reason`: `trimmed` (it was removed) or `otherLog` (the id is not of this log);
    /// the page then reads its data anew.
    ///
    /// The last event is named `end`, with the `reason` `closed`, unless the connection is lost before it.
    ///
    /// The response ends when the client closes the connection or takes nothing for 30 s, when the server shuts down,
    /// and when the database is closed. Behind middleware that has changed the request's body more than once, only a
    /// heartbeat notices that the client has left.
    ///
    /// - Parameters:
    ///   - request: The request to answer.
    ///   - channels: The channels: names or patterns, also `$presence.<channel>`.
    ///   - start: Where to begin if the request has no `Last-Event-ID`. Default `.live`. A page passes the cursor of
    ///     the snapshot that it was rendered from, and misses nothing.
    ///   - keepAlive: How often a comment is sent, so that proxies keep the connection and a lost one is noticed.
    ///     Default 15 seconds; kept to half a second. Less notices earlier and costs more packets.
    ///   - makeEvent: What is sent for a message. Default: named after its channel, the payload as text, in which
    ///     bytes that are not UTF-8 are repaired.
    /// - Throws: `CableError` with `invalidChannel`, or `invalidCommand` without channels; `DatabaseError`.
    public func eventStream(
        for request: Request, channels: some Sequence<String>, from start: Start = .live,
        keepAlive: Duration = .seconds(15),
        makeEvent: @escaping @Sendable (Message) -> ServerSentEvent = { ServerSentEvent($0) }
    ) async throws -> Response {
        var limits = Gateway.Limits()
        limits.heartbeat = keepAlive
        let session = try await Gateway(self, limits: limits).session(
            to: Array(channels), from: EventStream.start(of: request) ?? start, connection: ConnectionID())
        return EventStream.response(to: request, session) { delivery in
            guard case .message(let message) = delivery else { return WireFormat(delivery).serverSentEvent }
            return Array(makeEvent(message).encoded.utf8)
        }
    }
}

extension ServerSentEvent {
    /// A message: its cursor, its channel as the name, its payload as text.
    public init(_ message: Cable.Message) {
        self.init(
            id: message.cursor.description, name: message.channel,
            data: String(decoding: message.payload, as: UTF8.self))
    }
}
#endif
