/// Something that happened in this process's part of a queue. See ``JobQueue/events()``.
public struct JobEvent: Sendable, Hashable {
    /// What happened.
    public enum Kind: Sendable, Hashable {
        /// An attempt begins.
        case started
        /// The job is done.
        case completed
        /// The attempt failed; the job will be tried again.
        case failed(message: String)
        /// The job will not be tried again.
        case dead(reason: JobRecord.Reason, message: String)
        /// The handler asked for the job to be run later.
        case snoozed
        /// The worker stopped before the attempt was over, which is not counted.
        case interrupted
        /// The attempt was over already when its outcome came: cancelled, or given to another worker.
        case attemptLost
        /// The job's worker died; the job was given back.
        case rescued
        /// The attempt took longer than its timeout, and was cancelled.
        case timedOut
        /// The attempt goes on although it was cancelled. Its slot is lost until it ends.
        case stuck
        /// A schedule put the job into its queue.
        case scheduled(String)
    }

    /// Which job.
    public let id: JobID
    /// Its kind.
    public let jobKind: String
    /// What happened.
    public let kind: Kind
}

extension JobQueue {
    /// What the workers of this process do from now on, after it was committed.
    ///
    /// A listener that is slow loses the oldest of more than 1,024 events. What happens in other processes, and what is
    /// enqueued or cancelled by a call, is not told.
    public func events() -> AsyncStream<JobEvent> {
        hub.events()
    }
}
