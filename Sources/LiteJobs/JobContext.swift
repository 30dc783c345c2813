public import LiteDB
public import Logging

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// What a handler knows of its attempt, and how it completes it together with what it wrote.
public struct JobContext: Sendable {
    private let job: ClaimedJob
    private let jobs: JobQueue
    private let progress: AttemptProgress

    /// Logs with the job's id, kind and attempt.
    public let logger: Logger

    init(job: ClaimedJob, jobs: JobQueue, progress: AttemptProgress) {
        self.job = job
        self.jobs = jobs
        self.progress = progress
        var logger = jobs.logger
        logger[metadataKey: "job"] = "\(job.id)"
        logger[metadataKey: "kind"] = "\(job.kind)"
        logger[metadataKey: "attempt"] = "\(job.attempt)"
        self.logger = logger
    }

    /// Which job it is.
    public var id: JobID { job.id }
    /// Which attempt; 1 is the first.
    public var attempt: Int { job.attempt }
    /// How many attempts the job has.
    public var maximumAttemptCount: Int { job.maximumAttemptCount }
    /// The queue that it waited in.
    public var queue: String { job.queue }
    /// When it was enqueued.
    public var enqueuedAt: Date { Date(timeIntervalSince1970: Double(job.enqueuedAt) / 1000) }
    /// The same text for every attempt of this job: for services that take a key to do a thing only once.
    public var idempotencyKey: String { "\(job.kind)-\(job.id)" }
    /// Whether the worker takes nothing new and will cancel this attempt when its grace is over.
    public var isShuttingDown: Bool { progress.isShuttingDown }

    /// Completes the job and runs `body` in the same transaction: what it writes is written exactly once, however
    /// often the handler runs.
    ///
    /// If the transaction fails, for example because `body` throws, nothing is written and the attempt goes on; the
    /// handler may try again. After it returned, what the handler throws is only logged.
    ///
    /// - Parameter body: Writes the effects; it may enqueue jobs and publish messages. See `Database.write`.
    /// - Returns: What `body` returned.
    /// - Throws: `JobError` with `attemptLost` if the attempt is over, and `alreadyCompleted`; what `body` throws;
    ///   `CancellationError`; `DatabaseError`.
    @discardableResult
    public func complete<T: Sendable>(
        _ body: @escaping @Sendable (borrowing Transaction) throws -> T
    ) async throws -> T {
        guard !progress.isCompleted else {
            throw JobError(
                .alreadyCompleted,
                "Completing attempt \(job.attempt) of job \(job.id): it was completed before. Call `complete` once")
        }
        let (job, store, clock) = (job, jobs.store, jobs.clock)
        let value = try await jobs.database.write { transaction in
            try store.complete(job, at: clock.milliseconds(), in: transaction)
            return try body(transaction)
        }
        progress.setCompleted()
        return value
    }
}
