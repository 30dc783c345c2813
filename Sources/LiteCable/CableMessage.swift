#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Cable {
    /// One published message. Copying it copies nothing: many subscribers share what was read once.
    public struct Message: Sendable {
        let stored: StoredMessage

        /// Its place in the log. Resume behind it with `.after(message.cursor)`.
        public var cursor: Cursor { stored.cursor }
        /// The channel that it was published to.
        public var channel: String { stored.channel }
        /// The name that its publisher gave to what happened, if any.
        public var event: String? { stored.event }
        /// What was published: JSON, or the bytes as they were given.
        public var payload: [UInt8] { stored.payload }
        /// Whether the payload is JSON because a value was published, and not bytes.
        public var isJSON: Bool { stored.isJSON }
        /// When it was published, by the publisher's clock, to the millisecond.
        public var publishedAt: Date { Date(timeIntervalSince1970: Double(stored.milliseconds) / 1000) }

        /// The payload as text; nil if it is not UTF-8.
        public var text: String? { String(validating: payload, as: UTF8.self) }

        /// The payload decoded from JSON.
        ///
        /// - Throws: `CableError` with `undecodable` if the payload is not such a value.
        public func decode<Payload: Decodable>(_ type: Payload.Type = Payload.self) throws -> Payload {
            do {
                return try JSONDecoder().decode(type, from: Data(payload))
            } catch {
                throw CableError(
                    .undecodable,
                    "Decoding a message as \(type): the payload is not such a value. Read its bytes, or decode the "
                        + "type that was published",
                    underlying: error)
            }
        }
    }
}

extension Cable.Message: Hashable {
    /// Whether both are the same message with the same content.
    public static func == (left: Self, right: Self) -> Bool {
        left.stored === right.stored
            || (left.cursor == right.cursor && left.channel == right.channel && left.event == right.event
                && left.payload == right.payload)
    }

    /// Hashes its place.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(cursor)
    }
}

/// A message as it was read, shared by all who receive it.
final class StoredMessage: Sendable {
    let cursor: Cable.Cursor
    let channel: String
    let event: String?
    let payload: [UInt8]
    let milliseconds: Int64
    let isJSON: Bool
    /// The connection that shall not receive it.
    let excluded: String?

    init(
        cursor: Cable.Cursor, channel: String, event: String?, payload: [UInt8], milliseconds: Int64, isJSON: Bool,
        excluded: String?
    ) {
        self.cursor = cursor
        self.channel = channel
        self.event = event
        self.payload = payload
        self.milliseconds = milliseconds
        self.isJSON = isJSON
        self.excluded = excluded
    }
}
