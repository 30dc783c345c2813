#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A job that is about to be stored: what middleware can look at and change.
public struct JobDraft: Sendable {
    /// The job type's name.
    public let kind: String
    /// The version of its stored form.
    public let version: Int
    /// The stored form: JSON.
    public let payload: String
    /// The queue that it will wait in.
    public var queue: String
    /// Of the jobs in a queue, those with a higher priority run first.
    public var priority: Int
    /// How many attempts it has in all.
    public var maximumAttemptCount: Int
    /// When it may run; nil for at once.
    public var runAt: Date?
    /// Words by which it can be found, cancelled and paused.
    public var tags: [String]
    /// What is passed on to the attempt: the trace context stands in it too.
    public var metadata: [String: String] = [:]
    /// When it is too late to start it; nil for never.
    var expiresAt: Int64?
    var uniqueness: StoredUniqueness?
    var schedule: String?
    var slot: Int64?
}

/// How a job is told from its like, ready for the table.
struct StoredUniqueness: Sendable {
    let key: String
    let scope: Uniqueness.Scope
    let conflict: Uniqueness.Conflict
}
