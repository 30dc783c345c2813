#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Cable {
    /// What a subscription delivers.
    public enum Event: Sendable, Hashable {
        /// A message, in the order of commits.
        case message(Message)
        /// Messages may be missing here: read your data anew, then go on with what follows.
        case gap(Gap)

        /// Where a subscription that resumes goes on.
        public var cursor: Cursor {
            switch self {
            case .message(let message): message.cursor
            case .gap(let gap): gap.resumesAfter
            }
        }
    }

    /// A stretch of the log of which messages may be missing.
    public struct Gap: Sendable, Hashable {
        /// Why messages may be missing.
        public enum Reason: String, Sendable, Hashable {
            /// Retention removed them.
            case trimmed
            /// The cursor belongs to another log, or to a later state of this one (the file was restored).
            case otherLog
            /// The subscriber was slow, and its policy is `.dropOldest`.
            case dropped
            /// More than its grant allows would have to be replayed.
            case notReplayed
        }

        /// Why.
        public let reason: Reason
        /// Where the subscription stood: what came behind this may be missing.
        public let from: Cursor
        /// The last place that may be missing.
        public let to: Cursor
        /// Where a subscription goes on that resumes after this gap. Before `to` if some of that stretch is still kept,
        /// since another channel is kept for longer; it is delivered next.
        public let resumesAfter: Cursor
    }

    /// Where a subscription begins.
    public enum Start: Sendable, Hashable {
        /// With what is committed after `subscribe` was called.
        case live
        /// Behind a cursor: of a message, or of the snapshot that a page was rendered from.
        case after(Cursor)
        /// With the first message of the log that was published at this time or later, by its publisher's clock. One
        /// read over the log.
        case since(Date)
        /// With the last so many messages of its channels. One read back over the log until they are found.
        case last(Int)
    }

    /// What becomes of a subscriber that is slower than its channels. It never holds up anybody else.
    public enum SlowPolicy: Sendable, Hashable {
        /// It goes on reading the log where it stands, and misses nothing until retention removes it. It holds at most
        /// 1,000 messages and 256 KiB, and one payload; a client's session 64 messages and 64 KiB.
        case catchUpFromLog
        /// When it asks for more and is more than so many messages behind, the oldest are left out, and told by a gap.
        case dropOldest(capacity: Int)
        /// When it asks for more and is more than so many messages behind, its subscription throws `tooSlow`.
        case disconnect(capacity: Int = 1_024)
    }

    /// A connection of a client, so that a message can leave out the one that sent it.
    public struct ConnectionID: Sendable, Hashable, CustomStringConvertible {
        /// 1 to 64 characters.
        public let description: String

        /// A fresh one, which no other connection has.
        public init() {
            description =
                String(UInt64.random(in: .min ... .max), radix: 36)
                + String(UInt64.random(in: .min ... .max), radix: 36)
        }

        /// One that is known already, for example sent by the client that owns it; nil if it is no such text.
        public init?(_ description: String) {
            guard (1...64).contains(description.utf8.count),
                description.utf8.allSatisfy({
                    (48...57).contains($0) || (97...122).contains($0) || (65...90).contains($0) || $0 == 45
                })
            else { return nil }
            self.description = description
        }
    }
}
