/// How a delivery is written for a client: the guide *The wire protocol* describes it.
public struct WireFormat: Sendable {
    /// `message`, `presence`, `present`, `gap` or `heartbeat`.
    public let type: String
    /// Where the client goes on that received it; nil if it does not move.
    public let cursor: Cable.Cursor?
    /// The members of a JSON object, without its braces; empty for a heartbeat.
    public let members: [UInt8]

    /// Writes a delivery.
    public init(_ delivery: Cable.Delivery) {
        switch delivery {
        case .message(let message):
            cursor = message.cursor
            if message.channel.hasPrefix(CableStore.presencePrefix) {
                type = "presence"
                let channel = String(message.channel.dropFirst(CableStore.presencePrefix.count))
                members = Self.members(of: message, channel: channel)
            } else {
                type = "message"
                members = Self.members(of: message, channel: message.channel)
            }
        case .gap(let gap):
            type = "gap"
            cursor = gap.resumesAfter
            members = Array(#""reason":"\#(gap.reason.rawValue)","from":"\#(gap.from)","to":"\#(gap.to)""#.utf8)
        case .present(let channel, let list, let place):
            type = "present"
            cursor = nil
            members = Self.members(of: list, channel: channel, place)
        case .heartbeat(let place):
            type = "heartbeat"
            cursor = place
            members = []
        }
    }

    /// Writes an event.
    public init(_ event: Cable.Event) {
        switch event {
        case .message(let message): self.init(Cable.Delivery.message(message))
        case .gap(let gap): self.init(Cable.Delivery.gap(gap))
        }
    }

    private static func members(of message: Cable.Message, channel: String) -> [UInt8] {
        var bytes = Array(#""channel":"#.utf8)
        bytes.reserveCapacity(message.payload.count + channel.utf8.count + 80)
        JSONText.append(channel, to: &bytes)
        if let event = message.event {
            bytes += Array(#","event":"#.utf8)
            JSONText.append(event, to: &bytes)
        }
        bytes += Array(#","at":"#.utf8) + Array(String(message.stored.milliseconds).utf8)
        if message.isJSON {
            bytes += Array(#","data":"#.utf8) + message.payload
        } else if let text = message.text {
            bytes += Array(#","text":"#.utf8)
            JSONText.append(text, to: &bytes)
        } else {
            bytes += Array(#","base64":"\#(Base64URL.encoded(message.payload))""#.utf8)
        }
        return bytes
    }

    private static func members(of list: [Cable.Member], channel: String, _ place: Cable.Cursor) -> [UInt8] {
        var bytes = Array(#""channel":"#.utf8)
        JSONText.append(channel, to: &bytes)
        bytes += Array(#","at":"\#(place)","members":["#.utf8)
        for (index, member) in list.enumerated() {
            bytes += Array(index == 0 ? #"{"member":"#.utf8 : #",{"member":"#.utf8)
            JSONText.append(member.id, to: &bytes)
            bytes += Array(#","connections":\#(member.connectionCount),"info":"#.utf8) + member.info
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(UInt8(ascii: "]"))
        return bytes
    }

    /// The JSON object.
    public var json: [UInt8] { [UInt8(ascii: "{")] + members + [UInt8(ascii: "}")] }

    /// The JSON object with the type, the cursor and, if given, the subscription in it: for transports that have no other
    /// place for them.
    public func json(subscription: String?) -> [UInt8] {
        var bytes = Array(#"{"type":"\#(type)""#.utf8)
        if let subscription {
            bytes += Array(#","sub":"#.utf8)
            JSONText.append(subscription, to: &bytes)
        }
        if let cursor { bytes += Array(#","cursor":"\#(cursor)""#.utf8) }
        if !members.isEmpty { bytes.append(UInt8(ascii: ",")) }
        return bytes + members + [UInt8(ascii: "}")]
    }

    /// The event as a `text/event-stream` has it (https://html.spec.whatwg.org/multipage/server-sent-events.html). A
    /// heartbeat moves the id and dispatches nothing.
    public var serverSentEvent: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(members.count + 80)
        if let cursor { bytes += Array("id: \(cursor)\n".utf8) }
        guard type != "heartbeat" else { return bytes + Array(":\n\n".utf8) }
        if type != "message" { bytes += Array("event: \(type)\n".utf8) }
        bytes += Array("data: {".utf8)
        // JSON has line ends only between its tokens, where a space does as well.
        bytes += members.map { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") ? UInt8(ascii: " ") : $0 }
        return bytes + Array("}\n\n".utf8)
    }
}
