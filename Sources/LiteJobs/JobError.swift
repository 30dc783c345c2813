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
        /// A unique job found one like it, and its rule for conflicts is to be refused.
        public static let duplicate = Self("duplicate")
        /// An option cannot be: an empty queue, a unique key that is too long, a field that is not there.
        public static let invalidOptions = Self("invalidOptions")
        /// A schedule cannot be: its expression, its time zone, or it never comes.
        public static let invalidSchedule = Self("invalidSchedule")
        /// There is no schedule of that name.
        public static let noSuchSchedule = Self("noSuchSchedule")
        /// The job that was waited for is dead.
        public static let jobDead = Self("jobDead")
        /// The job that was waited for was cancelled.
        public static let jobCancelled = Self("jobCancelled")
        /// The job that was waited for is not there any more, or has no output.
        public static let jobGone = Self("jobGone")
        /// The attempt took longer than its timeout.
        public static let timedOut = Self("timedOut")
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
