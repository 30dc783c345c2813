/// What went wrong in a call to the cache.
///
/// Errors of the database (`.busy`, `.diskFull`, `.closed` and so on) pass through as `DatabaseError`.
public struct CacheError: Error, Sendable, CustomStringConvertible {
    /// What kind of error it is. Match with `==`; new codes can appear in any release.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code's name, as it stands in logs.
        public let description: String

        init(_ name: String) {
            description = name
        }

        /// The entry is larger than a quarter of the budget. Nothing was stored.
        public static let tooLarge = Self("tooLarge")
        /// The coder could not encode the value.
        public static let unencodable = Self("unencodable")
        /// The stored value is not of the type that was asked for.
        public static let undecodable = Self("undecodable")
        /// A counter would leave the range of its type. The entry was left as it is.
        public static let overflow = Self("overflow")
        /// The computation took longer than ``Cache/Configuration/computationTimeout``. The next caller computes.
        public static let timedOut = Self("timedOut")
        /// The computation failed in another process, or failed lately and the failure was stored.
        public static let computationFailed = Self("computationFailed")
        /// The lock file that proves that this process lives could not be made.
        public static let lockFile = Self("lockFile")
        /// A transaction of another file was passed than the one that holds the tags.
        public static let wrongDatabase = Self("wrongDatabase")
        /// The cache's file cannot be used, so nothing is stored; see ``Cache/isDegraded``.
        public static let degraded = Self("degraded")
        /// The cache was closed while the value was being computed.
        public static let closed = Self("closed")
    }

    /// The kind of error.
    public let code: Code
    /// What was tried, what happened, and what to do.
    public let message: String
    /// The error behind this one.
    public let underlying: (any Error)?

    init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}
