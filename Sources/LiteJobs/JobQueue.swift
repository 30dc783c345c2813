public import LiteDB
public import Logging

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
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
/// least once; what they write in ``JobContext/complete(output:_:)`` is written exactly once.
public final class JobQueue: Sendable {
    let database: Database
    let store = JobStore()
    let configuration: Configuration
    let clock: WallClock
    let logger: Logger
    let hub = JobEventHub()
    let metrics: JobMetrics
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
        metrics = JobMetrics(factory: configuration.metricsFactory)
        clock = WallClock(source: configuration.now, logger: logger)
    }

    /// Closes the file if the queue opened it. Stop its workers first.
    public func close() async {
        if ownsDatabase { await database.close() }
    }

    /// The job as it stands; nil if there is none, or it was finished long ago and removed. Two reads.
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

    /// The jobs that a filter lets through, the newest first. One read, on a thread of LiteDB's own, which goes from the newest
    /// job to the oldest until it has found enough: a fifth of a second for a million that are none of them.
    ///
    /// - Throws: `DatabaseError`.
    public func jobs(where filter: JobFilter) async throws -> [JobRecord] {
        let store = store
        return try await database.scan { snapshot in try store.jobs(filter, in: snapshot) }
    }

    /// How many jobs there are, and how long they wait. Costs the same beside a million jobs: the counts are kept as
    /// jobs change.
    ///
    /// - Throws: `DatabaseError`.
    public func statistics() async throws -> JobStatistics {
        let now = clock.milliseconds()
        return try database.read { snapshot in
            let counts = try store.counts(in: snapshot)
            var ages: [String: Duration] = [:]
            for queue in Set(counts.filter { $0.state == .available }.map(\.queue)) {
                guard let due = try store.oldestAvailable(in: queue, snapshot) else { continue }
                ages[queue] = .milliseconds(max(now - due, 0))
            }
            return JobStatistics(
                counts: counts, oldestAges: ages, workerCount: try store.workers(except: 0, in: snapshot).count)
        }
    }

    /// A service that runs jobs. Nothing happens before its `run()`.
    ///
    /// - Parameters:
    ///   - queues: Which queues.
    ///   - order: Whether the first queues come first, or each gets its share. Default the first come first.
    ///   - concurrency: How many jobs run at a time.
    ///   - register: Says what to do for each kind of job. Jobs of other kinds are left to other workers.
    public func worker(
        queues: [WorkerQueue] = ["default"], order: WorkerOrder = .strict, concurrency: Int = 4,
        _ register: (inout JobHandlers) -> Void
    ) -> Worker {
        var handlers = JobHandlers()
        register(&handlers)
        return Worker(jobs: self, queues: queues, order: order, concurrency: concurrency, handlers: handlers)
    }

    /// How long until the next scheduled job is due or a schedule comes; nil if there is neither. For tests.
    package func timeToNext() throws -> Duration? {
        let now = clock.milliseconds()
        let next = try database.read { snapshot in
            [try store.nextDue(in: snapshot), try store.nextFire(in: snapshot)].compactMap(\.self).min()
        }
        return next.map { .milliseconds(max($0 - now, 0)) }
    }

    /// The time after a delay; the far future if it does not fit.
    func time(after delay: Duration) -> Int64 {
        let (time, overflow) = clock.milliseconds().addingReportingOverflow(delay.wholeMilliseconds)
        return overflow ? .max : time
    }

    func check(_ identifier: DatabaseIdentifier) throws {
        guard identifier == database.identifier else {
            throw JobError(
                .wrongDatabase,
                "Using the job queue of \(database.path) in a transaction or snapshot of another file: their commits "
                    + "are not one. Use the database that the queue lives in")
        }
    }

    static func milliseconds(_ date: Date) -> Int64 {
        Int64(exactly: (date.timeIntervalSince1970 * 1000).rounded(.up)) ?? (date < Date.distantPast ? .min : .max)
    }
}
