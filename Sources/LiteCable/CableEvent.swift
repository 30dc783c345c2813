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

    /// A stretch of the log that cannot be delivered.
    public struct Gap: Sendable, Hashable {
        /// Why messages may be missing.
        public enum Reason: Sendable, Hashable {
            /// Retention removed what came after the cursor.
            case trimmed
            /// The cursor belongs to another log, or to a later state of this one (the file was restored).
            case otherLog
        }

        /// Why.
        public let reason: Reason
        /// Where the subscription stood.
        public let after: Cursor
        /// Where it goes on: the messages behind this follow.
        public let resumesAfter: Cursor
    }

    /// Where a subscription begins.
    public enum Start: Sendable, Hashable {
        /// With what is committed after `subscribe` was called.
        case live
        /// Behind a cursor: of a message, or of the snapshot that a page was rendered from.
        case after(Cursor)
    }
}
