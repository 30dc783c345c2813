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
        /// The channel's name is empty or longer than 512 bytes.
        public static let invalidChannel = Self("invalidChannel")
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
