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
        /// No worker that saw it knows its kind or version; one that does takes it.
        case parked
        /// It is done.
        case completed
        /// It was cancelled.
        case cancelled
        /// It will not be tried again: see ``JobRecord/reason`` and ``JobRecord/errors``.
        case dead

        /// Whether nothing will happen to the job any more.
        public var isFinal: Bool { self == .completed || self == .cancelled || self == .dead }
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
    /// Why it is parked or dead: `unknownKind`, `newerVersion`, `attemptsExhausted`, `discarded`, `undecodable`,
    /// `crashed`.
    public let reason: String?
    /// How many attempts were begun and counted.
    public let attempt: Int
    /// How often a worker died while it ran the job.
    public let crashCount: Int
    /// When it was enqueued.
    public let enqueuedAt: Date
    /// When it may run.
    public let runAt: Date
    /// When its last attempt began.
    public let startedAt: Date?
    /// When it was completed, cancelled or given up.
    public let finishedAt: Date?
    /// The attempts that failed, in their order.
    public let errors: [Failure]
}
