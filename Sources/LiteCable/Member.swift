#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Cable {
    /// Somebody who is present on a channel, through one connection or several.
    public struct Member: Sendable, Hashable {
        /// Who it is.
        public let id: String
        /// What is told of it: JSON, `null` if nothing.
        public let info: [UInt8]
        /// When its first connection that is still there came.
        public let joinedAt: Date
        /// How many connections it has on the channel.
        public let connectionCount: Int

        /// What is told of it, decoded.
        ///
        /// - Throws: `CableError` with `undecodable`.
        public func decodeInfo<Info: Decodable>(_ type: Info.Type = Info.self) throws -> Info {
            do {
                return try JSONDecoder().decode(type, from: Data(info))
            } catch {
                throw CableError(
                    .undecodable, "Decoding a member's info as \(type): it is no such value", underlying: error)
            }
        }
    }
}
