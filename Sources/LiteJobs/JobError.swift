/// What went wrong in a call to the job queue.
///
/// Errors of the database (`.busy`, `.diskFull`, `.closed` and so on) pass through as `DatabaseError`.
public struct JobError: Error, Sendable, CustomStringConvertible {
    /// What kind of error it is. Match with `==`; new codes can appear in any release.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code's name, as it stands in logs.
        public let description: String

        init(_ name: String) {
            description = name
        }

        /// The transaction belongs to another file than the queue.
        public static let wrongDatabase = Self("wrongDatabase")
        /// The job could not be encoded.
        public static let unencodable = Self("unencodable")
        /// The job's stored form is larger than the configuration allows.
        public static let tooLarge = Self("tooLarge")
        /// The attempt is over: it was cancelled, or given to another worker because this one seemed dead. Nothing of
        /// what the call should have written was written.
        public static let attemptLost = Self("attemptLost")
        /// The attempt was completed before.
        public static let alreadyCompleted = Self("alreadyCompleted")
        /// A worker's lock file could not be made or locked.
        public static let lockFile = Self("lockFile")
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
