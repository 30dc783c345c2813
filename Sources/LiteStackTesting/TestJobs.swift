public import LiteDB
public import LiteJobs

/// Runs `body` with a new job queue in a folder of its own, on a clock that stands still; afterwards it is gone.
///
/// ```swift
/// try await withTemporaryJobs { test in
///     try await test.jobs.enqueue(SendReceipt(orderID: 7), delay: .seconds(3_600))
///     let worker = test.jobs.worker { handlers in … }
///     try await test.drain(worker, through: .seconds(3_600))
/// }
/// ```
///
/// - Parameters:
///   - configuration: Its clocks and fault points are the test's.
///   - body: The test.
/// - Throws: What `body` throws, and `DatabaseError`.
@discardableResult
public func withTemporaryJobs<Result>(
    _ configuration: JobQueue.Configuration = .init(), _ body: (TestJobs) async throws -> Result
) async throws -> Result {
    var settings = Database.Configuration()
    settings.durability = .normal
    return try await withTemporaryDatabase(settings) { database in
        try await body(try await TestJobs(database, configuration))
    }
}

/// A job queue with a clock that a test advances, and faults that it asks for.
///
/// Jobs are really encoded, stored, claimed, decoded and run, by the workers of production.
public struct TestJobs: Sendable {
    /// The queue.
    public let jobs: JobQueue
    /// Its file.
    public let database: Database
    /// What its waits and its time of day go by.
    public let clock: TestClock
    /// What shall fail.
    public let faults: JobFaults

    /// Puts a queue into a database.
    ///
    /// - Parameters:
    ///   - database: A test's own.
    ///   - configuration: Its clocks and fault points are replaced.
    /// - Throws: `DatabaseError`.
    public init(_ database: Database, _ configuration: JobQueue.Configuration = .init()) async throws {
        let (clock, faults) = (TestClock(), JobFaults())
        var configuration = configuration
        configuration.clock = clock
        configuration.now = { clock.date }
        configuration.faults = { point in try faults.reach(point) }
        jobs = try await JobQueue(database, configuration: configuration)
        self.database = database
        self.clock = clock
        self.faults = faults
    }

    /// Runs all jobs that can run, also those that they enqueue, and then those that become due, advancing the clock from
    /// one to the next.
    ///
    /// - Parameters:
    ///   - worker: What runs them.
    ///   - time: How far to advance the clock. Default not at all.
    /// - Throws: What the worker throws.
    public func drain(_ worker: Worker, through time: Duration = .zero) async throws {
        let end = clock.now.advanced(by: time)
        while true {
            try await worker.runUntilIdle()
            guard let wait = try jobs.timeToNext(), clock.now.advanced(by: wait) <= end else { break }
            // What is due and stays is paused, or of a queue that nobody asks for.
            guard wait > .zero else { break }
            clock.advance(by: wait)
        }
        clock.advance(by: clock.now.duration(to: end))
    }

    /// Enqueues a job and runs it to its end as production would: it is encoded and decoded, and its retry policy is
    /// followed, the clock being advanced over the waits. Other jobs that are there run too.
    ///
    /// - Parameters:
    ///   - job: The job.
    ///   - worker: What runs it.
    /// - Returns: How it ended, with the errors of its attempts.
    /// - Throws: What the worker throws; ``JobExpectation`` if it does not end, because nobody handles it say.
    @discardableResult
    public func run<J: Job>(_ job: J, with worker: Worker) async throws -> JobRecord {
        let id = try await jobs.enqueue(job).id
        while true {
            try await worker.runUntilIdle()
            guard let record = try await jobs.job(id) else {
                throw JobExpectation("job \(id) was removed when it ended; keep it by `completedRetention`")
            }
            if record.state.isFinal { return record }
            guard record.state == .scheduled, let wait = try jobs.timeToNext(), wait > .zero else {
                throw JobExpectation("job \(id) of the kind \"\(J.kind)\" does not run: it is \(record.state)")
            }
            clock.advance(by: wait)
        }
    }
}
