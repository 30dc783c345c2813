#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Cable {
    /// One published message.
    public struct Message: Sendable, Hashable {
        /// Its place in the log. Resume behind it with `.after(message.cursor)`.
        public let cursor: Cursor
        /// The channel that it was published to.
        public let channel: String
        /// What was published: JSON, or the bytes as they were given.
        public let payload: [UInt8]
        /// When it was published, by the publisher's clock, to the millisecond.
        public let publishedAt: Date

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
