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
    /// Jobs that became due before this go first, whatever their priority; nil for not now.
    let overdueBefore: Int64?
}
