#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// One attempt at a job, as it was claimed.
struct ClaimedJob: Sendable {
    let id: JobID
    let kind: String
    let version: Int
    let queue: String
    let priority: Int
    let attempt: Int
    let maximumAttemptCount: Int
    let token: Int64
    let nonce: Int64
    let enqueuedAt: Int64
    let runAt: Int64
    let expiresAt: Int64?
    let slot: Int64?
    let tags: String?
    let metadata: String?
    let payload: Data
    /// Whether a handler can be given it.
    let isReadable: Bool
    /// Whether the table knows that its attempt begins.
    var isNoted = false

    /// Whether its attempt must not begin before the table knows of it.
    ///
    /// If the worker dies, an attempt that is not noted counts as not begun: it is given back, and no crash is counted.
    /// Where that cannot be right twice (it is the only attempt, or the job was given back before) it waits for its note.
    var waitsForNote: Bool { !isNoted && (maximumAttemptCount <= 1 || token > 1) }

    init(
        id: JobID, kind: String, version: Int, queue: String, priority: Int, attempt: Int, maximumAttemptCount: Int,
        token: Int64, nonce: Int64, enqueuedAt: Int64, runAt: Int64, expiresAt: Int64?, slot: Int64?, tags: String?,
        metadata: String?, payload: Data?
    ) {
        (self.id, self.kind, self.version, self.queue, self.priority) = (id, kind, version, queue, priority)
        (self.attempt, self.maximumAttemptCount) = (attempt, maximumAttemptCount)
        (self.token, self.nonce, self.enqueuedAt, self.runAt) = (token, nonce, enqueuedAt, runAt)
        (self.expiresAt, self.slot, self.tags, self.metadata) = (expiresAt, slot, tags, metadata)
        self.payload = payload ?? Data()
        isReadable = payload != nil && (tags == nil || JobStore.tags(tags) != nil)
    }

    /// That the job is dead before an attempt at it began.
    func neverBegun(_ reason: JobRecord.Reason, _ message: String) -> EndedAttempt {
        EndedAttempt(job: self, end: .dead(reason: reason, message: message), duration: nil)
    }
}

/// What becomes of an attempt.
enum AttemptEnd: Sendable {
    /// Its handler returned.
    case completed(output: String?, pruneAt: Int64?)
    /// It failed, and runs again at this time.
    case retry(at: Int64, message: String)
    /// It failed for good.
    case dead(reason: JobRecord.Reason, message: String)
    /// It asked to be run at this time instead; the attempt is given back.
    case snooze(until: Int64)
    /// Its worker stopped; the attempt is given back.
    case interrupted
}

/// An attempt that is over, and what shall be recorded about it.
struct EndedAttempt: Sendable {
    let job: ClaimedJob
    let end: AttemptEnd
    /// How long the handler ran, for the metrics; nil if it was never started.
    let duration: Duration?

    /// Whether its handler was started.
    var hasBegun: Bool { duration != nil }
}

/// From which queues to claim, in their order, and how many of each at most.
struct ClaimPlan: Sendable {
    struct Share: Sendable {
        let queue: String
        let limit: Int
    }

    let shares: [Share]
    /// How many in all.
    let limit: Int
    /// How many of them can start at once; the others wait in the worker.
    let startCount: Int
    /// Jobs that became due before this go first, whatever their priority; nil for not now.
    let overdueBefore: Int64?

    /// Whether some of the jobs may have to wait in the worker.
    var isAhead: Bool { startCount < limit }
}
