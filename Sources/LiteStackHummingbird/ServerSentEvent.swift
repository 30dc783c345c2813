#if Hummingbird
/// One event of a `text/event-stream`, as the HTML standard defines it
/// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
public struct ServerSentEvent: Sendable, Hashable {
    /// What a browser sends back as `Last-Event-ID` when it reconnects. Nil keeps the one before.
    public var id: String?
    /// The name that the page listens to. Nil is `message`.
    public var name: String?
    /// The text. It may have several lines.
    public var data: String

    /// An event.
    ///
    /// - Parameters:
    ///   - id: Without line breaks.
    ///   - name: Without line breaks.
    ///   - data: Any text.
    public init(id: String? = nil, name: String? = nil, data: String) {
        self.id = id
        self.name = name
        self.data = data
    }

    /// The event as it is sent. A line break in the id or the name would begin another field, so it becomes a space.
    public var encoded: String {
        var text = ""
        if let id { text += "id: \(Self.oneLine(id))\n" }
        if let name { text += "event: \(Self.oneLine(name))\n" }
        for line in Self.lines(data) { text += "data: \(line)\n" }
        return text + "\n"
    }

    /// The standard ends a line at CR LF, at CR and at LF; a `Character` holds CR LF as one.
    private static func lines(_ text: String) -> [Substring] {
        text.split(omittingEmptySubsequences: false, whereSeparator: isLineEnd)
    }

    private static func oneLine(_ text: String) -> String {
        lines(text).joined(separator: " ")
    }

    private static func isLineEnd(_ character: Character) -> Bool {
        character == "\n" || character == "\r" || character == "\r\n"
    }
}
#endif
