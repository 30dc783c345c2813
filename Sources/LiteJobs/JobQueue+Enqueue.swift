public import LiteDB

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension JobQueue {
    /// Stores a job, and returns when it is committed. One write transaction.
    ///
    /// - Parameters:
    ///   - job: The work.
    ///   - delay: How long it waits before it may run, to the millisecond. Counts only without a `runAt`.
    ///   - runAt: When it may run, to the millisecond; at once if past.
    ///   - priority: Instead of the type's own.
    ///   - queue: Instead of the type's own. Any text but the empty one.
    ///   - tags: Words by which it can be found, cancelled and paused.
    ///   - expiresAfter: If no worker has started it after this time, counted from when it may run, it is dead.
    ///   - unique: That it is not stored while one like it is there.
    /// - Throws: `JobError` with `unencodable`, `tooLarge`, `duplicate` or `invalidOptions`; what middleware throws;
    ///   `DatabaseError`.
    @discardableResult
    public func enqueue<J: Job>(
        _ job: J, delay: Duration? = nil, runAt: Date? = nil, priority: Int? = nil, queue: String? = nil,
        tags: [String] = [], expiresAfter: Duration? = nil, unique: Uniqueness? = nil
    ) async throws -> JobHandle<J> {
        let new = try newJob(
            job,
            EnqueueOptions(
                delay: delay, runAt: runAt, priority: priority, queue: queue, tags: tags, expiresAfter: expiresAfter,
                unique: unique))
        let (store, clock) = (store, clock)
        let inserted = try await database.write { transaction in
            try store.insert(new, at: clock.milliseconds(), in: transaction)
        }
        if !inserted.isDuplicate { metrics.countEnqueued(new.kind) }
        return JobHandle(id: inserted.id, isDuplicate: inserted.isDuplicate, jobs: self)
    }

    /// Stores a job in the caller's transaction: it exists when, and only when, that commits.
    ///
    /// - Parameters: As ``enqueue(_:delay:runAt:priority:queue:tags:expiresAfter:unique:)``.
    /// - Throws: As there, and `JobError` with `wrongDatabase`.
    @discardableResult
    public func enqueue<J: Job>(
        _ job: J, delay: Duration? = nil, runAt: Date? = nil, priority: Int? = nil, queue: String? = nil,
        tags: [String] = [], expiresAfter: Duration? = nil, unique: Uniqueness? = nil,
        in transaction: borrowing Transaction
    ) throws -> JobHandle<J> {
        try check(transaction.databaseIdentifier)
        let new = try newJob(
            job,
            EnqueueOptions(
                delay: delay, runAt: runAt, priority: priority, queue: queue, tags: tags, expiresAfter: expiresAfter,
                unique: unique))
        let inserted = try store.insert(new, at: clock.milliseconds(), in: transaction)
        if !inserted.isDuplicate { metrics.countEnqueued(new.kind) }
        return JobHandle(id: inserted.id, isDuplicate: inserted.isDuplicate, jobs: self)
    }

    /// Stores many jobs, and returns when they are committed. One write transaction, and where they are not unique one
    /// statement.
    ///
    /// - Parameters: As ``enqueue(_:delay:runAt:priority:queue:tags:expiresAfter:unique:)``, for all of them.
    /// - Returns: In the order of the jobs. Of unique jobs that are alike each is the first one's.
    /// - Throws: As there; then none of them is stored.
    @discardableResult
    public func enqueue<J: Job>(
        contentsOf jobs: [J], delay: Duration? = nil, runAt: Date? = nil, priority: Int? = nil, queue: String? = nil,
        tags: [String] = [], expiresAfter: Duration? = nil, unique: Uniqueness? = nil
    ) async throws -> [JobHandle<J>] {
        let options = EnqueueOptions(
            delay: delay, runAt: runAt, priority: priority, queue: queue, tags: tags, expiresAfter: expiresAfter,
            unique: unique)
        let new = try newJobs(jobs, options)
        let (store, clock) = (store, clock)
        let inserted = try await database.write { transaction in
            try store.insert(new, at: clock.milliseconds(), in: transaction)
        }
        metrics.countEnqueued(J.kind, inserted.count { !$0.isDuplicate })
        return inserted.map { JobHandle(id: $0.id, isDuplicate: $0.isDuplicate, jobs: self) }
    }

    /// Stores many jobs in the caller's transaction: they exist when, and only when, that commits.
    ///
    /// - Parameters: As ``enqueue(_:delay:runAt:priority:queue:tags:expiresAfter:unique:)``, for all of them.
    /// - Throws: As there, and `JobError` with `wrongDatabase`.
    @discardableResult
    public func enqueue<J: Job>(
        contentsOf jobs: [J], delay: Duration? = nil, runAt: Date? = nil, priority: Int? = nil, queue: String? = nil,
        tags: [String] = [], expiresAfter: Duration? = nil, unique: Uniqueness? = nil,
        in transaction: borrowing Transaction
    ) throws -> [JobHandle<J>] {
        try check(transaction.databaseIdentifier)
        let options = EnqueueOptions(
            delay: delay, runAt: runAt, priority: priority, queue: queue, tags: tags, expiresAfter: expiresAfter,
            unique: unique)
        let inserted = try store.insert(try newJobs(jobs, options), at: clock.milliseconds(), in: transaction)
        metrics.countEnqueued(J.kind, inserted.count { !$0.isDuplicate })
        return inserted.map { JobHandle(id: $0.id, isDuplicate: $0.isDuplicate, jobs: self) }
    }
}
