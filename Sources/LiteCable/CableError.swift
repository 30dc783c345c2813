/// What went wrong in a call to the cable.
///
/// Errors of the database (`.busy`, `.diskFull`, `.closed` and so on) pass through as `DatabaseError`.
public struct CableError: Error, Sendable, CustomStringConvertible {
    /// What kind of error it is. Match with `==`; new codes can appear in any release.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code's name, as it stands in logs.
        public let description: String

        init(_ name: String) {
            description = name
        }

        /// The transaction or snapshot belongs to another file than the cable.
        public static let wrongDatabase = Self("wrongDatabase")
        /// The payload is larger than the configuration allows.
        public static let tooLarge = Self("tooLarge")
        /// The payload could not be encoded.
        public static let unencodable = Self("unencodable")
        /// The payload is not what it was decoded as.
        public static let undecodable = Self("undecodable")
        /// The channel's name or pattern is empty, longer than 512 bytes, reserved, or has a part or a character that
        /// cannot be in a name.
        public static let invalidChannel = Self("invalidChannel")
        /// The event's name is empty, longer than 512 bytes, or holds a control character.
        public static let invalidEvent = Self("invalidEvent")
        /// The subscriber was slower than its channels, and its policy is to be disconnected.
        public static let tooSlow = Self("tooSlow")
        /// A client brought no grant, a forged one, or one from before its subject was disconnected.
        public static let unauthorised = Self("unauthorised")
        /// A client's grant has expired: it needs a new one.
        public static let expired = Self("expired")
        /// A client's grant does not allow what it asked for.
        public static let forbidden = Self("forbidden")
        /// A client asked for more than the gateway's limits allow, or too many are connected.
        public static let overLimit = Self("overLimit")
        /// A client's command is none, or has a field that cannot be.
        public static let invalidCommand = Self("invalidCommand")
        /// A signing key, or a token's lifetime, is not allowed.
        public static let invalidKey = Self("invalidKey")
        /// A consumer's offset is of another log than this.
        public static let otherLog = Self("otherLog")
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

    /// The error of a transport that refuses a client.
    package init(refusing code: Code, _ message: String) {
        self.init(code, message)
    }

    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}
