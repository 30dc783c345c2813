#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A job as it stands in the database.
public struct JobRecord: Sendable, Hashable, Identifiable {
    /// Where a job is in its life.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// It waits for its time: ``JobRecord/runAt``.
        case scheduled
        /// It waits for a worker.
        case available
        /// A worker runs it.
        case running
        /// No worker that saw it knows its kind or version, or its kind or a tag of it is paused; see ``JobRecord/reason``.
        case parked
        /// It is done.
        case completed
        /// It was cancelled.
        case cancelled
        /// It will not be tried again: see ``JobRecord/reason`` and ``JobRecord/errors``.
        case dead
        /// It waits for something that only a later release knows of.
        case blocked
        /// A state of a later release.
        case unknown

        /// Whether nothing will happen to the job any more.
        public var isFinal: Bool { self == .completed || self == .cancelled || self == .dead }
    }

    /// Why a job is parked or dead. Match with `==`; new reasons can appear in any release.
    public struct Reason: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        /// The reason's name, as it stands in the table.
        public let rawValue: String

        /// The reason of that name.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The reason's name.
        public var description: String { rawValue }

        /// Parked: no worker that saw it has a handler for its kind.
        public static let unknownKind = Self(rawValue: "unknownKind")
        /// Parked: its stored form is of a newer release than the workers that saw it.
        public static let newerVersion = Self(rawValue: "newerVersion")
        /// Parked: its kind is paused.
        public static let pausedKind = Self(rawValue: "pausedKind")
        /// Parked: one of its tags is paused.
        public static let pausedTag = Self(rawValue: "pausedTag")
        /// Dead: its last attempt failed.
        public static let attemptsExhausted = Self(rawValue: "attemptsExhausted")
        /// Dead: its handler threw ``Discard``, or its retry policy gave it up.
        public static let discarded = Self(rawValue: "discarded")
        /// Dead: its stored form could not be decoded. It is kept.
        public static let undecodable = Self(rawValue: "undecodable")
        /// Dead: its workers died while they ran it, too often.
        public static let crashed = Self(rawValue: "crashed")
        /// Dead: it was not started in time.
        public static let expired = Self(rawValue: "expired")
    }

    /// One attempt that failed.
    public struct Failure: Sendable, Hashable {
        /// Which attempt; 1 is the first.
        public let attempt: Int
        /// When.
        public let happenedAt: Date
        /// The error's description, shortened to 4 KiB.
        public let message: String
    }

    /// Which job it is.
    public let id: JobID
    /// The job type's name.
    public let kind: String
    /// The version of its stored form.
    public let version: Int
    /// The queue that it waits in.
    public let queue: String
    /// Its priority.
    public let priority: Int
    /// Where it is in its life.
    public let state: State
    /// Why it is parked or dead.
    public let reason: Reason?
    /// How many attempts were begun and counted.
    public let attempt: Int
    /// How many attempts it has in all.
    public let maximumAttemptCount: Int
    /// How often a worker died while it ran the job.
    public let crashCount: Int
    /// When it was enqueued.
    public let enqueuedAt: Date
    /// When it may run.
    public let runAt: Date
    /// When its last attempt began; nil while it waits in a worker that has claimed it ahead.
    public let startedAt: Date?
    /// When it was completed, cancelled or given up.
    public let finishedAt: Date?
    /// When it is too late to start it; nil once an attempt has begun.
    public let expiresAt: Date?
    /// The schedule that it is from.
    public let schedule: String?
    /// The time of the schedule that it stands for.
    public let scheduledFor: Date?
    /// Words by which it can be found, cancelled and paused.
    public let tags: [String]
    /// How far it has come, from 0 to 1, as its handler last reported.
    public let progress: Double?
    /// What its handler said about it.
    public let progressMessage: String?
    /// What its handler returned, as JSON.
    public let output: String?
    /// The stored form of the job.
    public let payload: Data
    /// The attempts that failed, in their order.
    public internal(set) var errors: [Failure] = []

    /// Also a job that is dead before it began has one: why.
    var mayHaveErrors: Bool { attempt > 0 || crashCount > 0 || state == .dead }

    /// The job itself.
    ///
    /// - Throws: The error of the type's decoder.
    public func decode<J: Job>(_ type: J.Type) throws -> J {
        try version < J.version ? J.migrate(from: version, payload) : JSONDecoder().decode(J.self, from: payload)
    }
}
