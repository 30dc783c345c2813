public import LiteDB
public import Logging

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Work to be done later, stored in an SQLite file: jobs are enqueued alone or in the application's own transaction,
/// and workers of any process of this machine run them.
///
/// ```swift
/// try await database.write { transaction in
///     try transaction.execute("INSERT INTO drawings (title) VALUES (\(title))")
///     try jobs.enqueue(StyleDrawing(drawing: transaction.lastInsertedRowID), in: transaction)
/// }
/// let worker = jobs.worker { handlers in
///     handlers.handle(StyleDrawing.self) { job, context in … }
/// }
/// ```
///
/// A job whose transaction committed is never lost. Each attempt's outcome is recorded at most once. Handlers run at
/// least once; what they write in ``JobContext/complete(_:)`` is written exactly once.
public final class JobQueue: Sendable {
    let database: Database
    let store = JobStore()
    let configuration: Configuration
    let clock: WallClock
    let logger: Logger
    private let ownsDatabase: Bool

    /// Uses a database that is open already; the queue's tables are made if they are missing.
    ///
    /// - Throws: `DatabaseError`.
    public convenience init(
        _ database: Database, configuration: Configuration = Configuration(), logger: Logger = .current
    ) async throws {
        try await self.init(database, configuration, logger, ownsDatabase: false)
    }

    /// Opens a queue in a file of its own, for jobs that join no transaction of the application.
    ///
    /// - Throws: `DatabaseError`.
    public static func open(
        at path: String, configuration: Configuration = Configuration(), logger: Logger = .current
    ) async throws -> JobQueue {
        let database = try await Database.open(at: path, logger: logger)
        do {
            return try await JobQueue(database, configuration, logger, ownsDatabase: true)
        } catch {
            await database.close()
            throw error
        }
    }

    private init(
        _ database: Database, _ configuration: Configuration, _ logger: Logger, ownsDatabase: Bool
    ) async throws {
        try await database.prepare(JobSchema.tables)
        self.database = database
        self.configuration = configuration
        self.logger = logger
        self.ownsDatabase = ownsDatabase
        clock = WallClock(source: configuration.now, logger: logger)
    }

    /// Closes the file if the queue opened it. Stop its workers first.
    public func close() async {
        if ownsDatabase { await database.close() }
    }

    /// Stores a job, and returns when it is committed. One write transaction.
    ///
    /// - Parameters:
    ///   - job: The work.
    ///   - runAt: When it may run, to the millisecond; at once if nil or past.
    ///   - priority: Instead of the type's own.
    /// - Throws: `JobError` with `unencodable` or `tooLarge`; `DatabaseError`.
    @discardableResult
    public func enqueue<J: Job>(_ job: J, runAt: Date? = nil, priority: Int? = nil) async throws -> JobID {
        let new = try newJob(job, runAt: runAt.map(Self.milliseconds), priority: priority)
        let (store, clock) = (store, clock)
        return try await database.write { transaction in
            try store.insert(new, at: clock.milliseconds(), in: transaction)
        }
    }

    /// Stores a job that may run after a delay, and returns when it is committed. One write transaction.
    ///
    /// - Throws: `JobError` with `unencodable` or `tooLarge`; `DatabaseError`.
    @discardableResult
    public func enqueue<J: Job>(_ job: J, delay: Duration, priority: Int? = nil) async throws -> JobID {
        let new = try newJob(job, runAt: time(after: delay), priority: priority)
        let (store, clock) = (store, clock)
        return try await database.write { transaction in
            try store.insert(new, at: clock.milliseconds(), in: transaction)
        }
    }

    /// Stores a job in the caller's transaction: it exists when, and only when, that commits.
    ///
    /// - Throws: `JobError` with `wrongDatabase`, `unencodable` or `tooLarge`; `DatabaseError`.
    @discardableResult
    public func enqueue<J: Job>(
        _ job: J, runAt: Date? = nil, priority: Int? = nil, in transaction: borrowing Transaction
    ) throws -> JobID {
        try check(transaction.databaseIdentifier)
        let new = try newJob(job, runAt: runAt.map(Self.milliseconds), priority: priority)
        return try store.insert(new, at: clock.milliseconds(), in: transaction)
    }

    /// Stores a job that may run after a delay, in the caller's transaction.
    ///
    /// - Throws: `JobError` with `wrongDatabase`, `unencodable` or `tooLarge`; `DatabaseError`.
    @discardableResult
    public func enqueue<J: Job>(
        _ job: J, delay: Duration, priority: Int? = nil, in transaction: borrowing Transaction
    ) throws -> JobID {
        try check(transaction.databaseIdentifier)
        let new = try newJob(job, runAt: time(after: delay), priority: priority)
        return try store.insert(new, at: clock.milliseconds(), in: transaction)
    }

    /// The job as it stands; nil if there is none, or it was finished long ago and removed. One read.
    ///
    /// - Throws: `DatabaseError`.
    public func job(_ id: JobID) async throws -> JobRecord? {
        try database.read { snapshot in try store.job(id, in: snapshot) }
    }

    /// The job as a view of the database shows it.
    ///
    /// - Throws: `JobError` with `wrongDatabase`; `DatabaseError`.
    public func job(_ id: JobID, in access: borrowing some ReadAccess & ~Copyable) throws -> JobRecord? {
        try check(access.databaseIdentifier)
        return try store.job(id, in: access)
    }

    /// Cancels a job that is not finished. One write transaction.
    ///
    /// The task of a running job is cancelled, also in another process; whatever it still does is not recorded.
    ///
    /// - Returns: False if there is no such job, or it is finished.
    /// - Throws: `DatabaseError`.
    @discardableResult
    public func cancel(_ id: JobID) async throws -> Bool {
        let (store, clock) = (store, clock)
        return try await database.write { transaction in
            try store.cancel(id, at: clock.milliseconds(), in: transaction)
        }
    }

    /// Lets a dead or cancelled job run again, with all its attempts. One write transaction.
    ///
    /// - Returns: False if there is no such job, or it is neither dead nor cancelled.
    /// - Throws: `DatabaseError`.
    @discardableResult
    public func retry(_ id: JobID) async throws -> Bool {
        let (store, clock) = (store, clock)
        return try await database.write { transaction in
            try store.retry(id, at: clock.milliseconds(), in: transaction)
        }
    }

    /// A service that runs jobs. Nothing happens before its `run()`.
    ///
    /// - Parameters:
    ///   - queues: Which queues, the most important first: a job of a later one starts only if no earlier one has any.
    ///   - concurrency: How many jobs run at a time.
    ///   - register: Says what to do for each kind of job. Jobs of other kinds are left to other workers.
    public func worker(
        queues: [String] = ["default"], concurrency: Int = 4, _ register: (inout JobHandlers) -> Void
    ) -> Worker {
        var handlers = JobHandlers()
        register(&handlers)
        return Worker(jobs: self, queues: queues, concurrency: concurrency, handlers: handlers)
    }

    private func newJob<J: Job>(_ job: J, runAt: Int64?, priority: Int?) throws -> JobStore.NewJob {
        let payload: [UInt8]
        do {
            payload = Array(try JSONEncoder().encode(job))
        } catch {
            throw JobError(.unencodable, "Enqueueing a \(J.self): it cannot be encoded as JSON", underlying: error)
        }
        guard payload.count <= configuration.maximumPayloadBytes else {
            throw JobError(
                .tooLarge,
                "Enqueueing a \(J.self) of \(payload.count) bytes: at most \(configuration.maximumPayloadBytes) are "
                    + "allowed. Store the data and enqueue its id, or raise `maximumPayloadBytes`")
        }
        return JobStore.NewJob(
            kind: J.kind, version: J.version, queue: J.queue, priority: priority ?? J.priority,
            maximumAttemptCount: J.retryPolicy.maximumAttemptCount, payload: payload, runAt: runAt)
    }

    /// The time after a delay; the far future if it does not fit.
    func time(after delay: Duration) -> Int64 {
        let (time, overflow) = clock.milliseconds().addingReportingOverflow(delay.wholeMilliseconds)
        return overflow ? .max : time
    }

    private func check(_ identifier: DatabaseIdentifier) throws {
        guard identifier == database.identifier else {
            throw JobError(
                .wrongDatabase,
                "Using the job queue of \(database.path) in a transaction or snapshot of another file: their commits "
                    + "are not one. Use the database that the queue lives in")
        }
    }

    private static func milliseconds(_ date: Date) -> Int64 {
        Int64(exactly: (date.timeIntervalSince1970 * 1000).rounded(.up)) ?? (date < Date.distantPast ? .min : .max)
    }
}
