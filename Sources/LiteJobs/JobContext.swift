public import LiteDB
public import Logging

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// What a handler knows of its attempt, and how it completes it together with what it wrote.
public struct JobContext: Sendable {
    let job: ClaimedJob
    let jobs: JobQueue
    let state: AttemptState
    let completedRetention: Duration

    init(job: ClaimedJob, jobs: JobQueue, state: AttemptState, completedRetention: Duration? = nil) {
        self.job = job
        self.jobs = jobs
        self.state = state
        self.completedRetention = completedRetention ?? jobs.configuration.completedRetention
    }

    /// Logs with the job's id, kind and attempt.
    public var logger: Logger {
        var logger = jobs.logger
        logger[metadataKey: "job"] = "\(job.id)"
        logger[metadataKey: "kind"] = "\(job.kind)"
        logger[metadataKey: "attempt"] = "\(job.attempt)"
        return logger
    }

    /// Which job it is.
    public var id: JobID { job.id }
    /// The job type's name, as it was stored.
    public var kind: String { job.kind }
    /// Which attempt; 1 is the first.
    public var attempt: Int { job.attempt }
    /// How many attempts the job has.
    public var maximumAttemptCount: Int { job.maximumAttemptCount }
    /// The queue that it waited in.
    public var queue: String { job.queue }
    /// The job's tags.
    public var tags: [String] {
        JobStore.tags(job.tags) ?? []
    }
    /// What was stored with it by who enqueued it: the trace, and what middleware added.
    public var metadata: [String: String] {
        guard let text = job.metadata else { return [:] }
        // The table checks that it is an object; one of other things than texts is not ours.
        return (try? JSONDecoder().decode([String: String].self, from: Data(text.utf8))) ?? [:]
    }
    /// When it was enqueued.
    public var enqueuedAt: Date { Date(timeIntervalSince1970: Double(job.enqueuedAt) / 1000) }
    /// The time of its schedule that it stands for; nil if it is from none.
    public var scheduledFor: Date? { job.slot.map { Date(timeIntervalSince1970: Double($0) / 1000) } }
    /// The same text for every attempt of this job, and for no other job: for services that take a key to do a thing
    /// only once.
    ///
    /// After a backup was restored a job of the backup keeps its key, and a new job never gets one that was used before,
    /// although ids are given again: a random number is part of it.
    public var idempotencyKey: String {
        "\(job.kind)-\(job.id)-\(String(UInt64(bitPattern: job.nonce), radix: 36))"
    }
    /// Whether the worker takes nothing new and will cancel this attempt when its grace is over.
    public var isShuttingDown: Bool { state.isShuttingDown }
    /// Whether ``complete(output:_:)`` has completed the job.
    public var isCompleted: Bool { state.isCompleted }

    /// Completes the job and runs `body` in the same transaction: what it writes is written exactly once, however
    /// often the handler runs.
    ///
    /// If the transaction fails, for example because `body` throws, nothing is written and the attempt goes on; the
    /// handler may try again. After it returned the job is done: what the handler throws is only logged, what it returns
    /// is dropped, and what it writes by other means is its own affair.
    ///
    /// - Parameters:
    ///   - output: What `JobHandle.value` shall give. Of the job's `Output` type.
    ///   - body: Writes the effects; it may enqueue jobs and publish messages. See `Database.write`.
    /// - Returns: What `body` returned.
    /// - Throws: `JobError` with `attemptLost` if the attempt is over, and `alreadyCompleted`; what `body` throws;
    ///   `CancellationError`; `DatabaseError`.
    @discardableResult
    public func complete<T: Sendable>(
        output: (any Encodable & Sendable)? = nil, _ body: @escaping @Sendable (borrowing Transaction) throws -> T
    ) async throws -> T {
        guard !state.isCompleted else {
            throw JobError(
                .alreadyCompleted,
                "Completing attempt \(job.attempt) of job \(job.id): it was completed before. Call `complete` once")
        }
        let (job, store, clock, faults) = (job, jobs.store, jobs.clock, jobs.configuration.faults)
        let (text, retention) = (try output.map { try JobHandlers.encode($0) }, completedRetention)
        return try await state.complete {
            try await jobs.database.write { transaction in
                let now = clock.milliseconds()
                let pruneAt = JobQueue.pruneTime(now, after: retention)
                try store.complete(job, output: text, pruneAt: pruneAt, at: now, in: transaction)
                let value = try body(transaction)
                try faults?(.committing)
                return value
            }
        }
    }

    /// Runs `body` in a transaction that this job runs once: a later attempt gets what the first one returned, and does
    /// not run it again.
    ///
    /// - Parameters:
    ///   - step: What it is called, within the job.
    ///   - body: Writes the effects.
    /// - Returns: What `body` returned, in this attempt or an earlier one.
    /// - Throws: `JobError` with `attemptLost` or `alreadyCompleted`; what `body` throws, after undoing it; `CancellationError`;
    ///   `DatabaseError`.
    @discardableResult
    public func transaction<T: Codable & Sendable>(
        _ step: String, _ body: @escaping @Sendable (borrowing Transaction) throws -> T
    ) async throws -> T {
        try await run(step, body) {
            try JSONDecoder().decode(T.self, from: Data($0.utf8))
        } encode: { value in
            try JobHandlers.encode(value)
        }
    }

    /// Runs `body` in a transaction that this job runs once. See `transaction`.
    ///
    /// - Throws: As there.
    public func transaction(
        _ step: String, _ body: @escaping @Sendable (borrowing Transaction) throws -> Void
    ) async throws {
        // Whatever an earlier attempt has stored, it was done.
        try await run(step, body) { _ in
        } encode: { _ in
            "null"
        }
    }

    private func run<T: Sendable>(
        _ step: String, _ body: @escaping @Sendable (borrowing Transaction) throws -> T,
        decode: @escaping @Sendable (String) throws -> T, encode: @escaping @Sendable (T) throws -> String
    ) async throws -> T {
        guard !state.isCompleted else {
            throw JobError(
                .alreadyCompleted,
                "Running a step of job \(job.id): the job is completed. Run steps before `complete`")
        }
        let (job, store, clock, faults) = (job, jobs.store, jobs.clock, jobs.configuration.faults)
        return try await jobs.database.write { transaction in
            try store.check(job, in: transaction)
            if let done = try store.stepOutput(step, of: job, in: transaction) { return try decode(done) }
            let value = try body(transaction)
            try store.noteStep(step, output: try encode(value), of: job, at: clock.milliseconds(), in: transaction)
            try faults?(.committing)
            return value
        }
    }

    /// Tells how far the work has come, for ``JobRecord/progress``. Call it as often as you like: it is written at most
    /// five times a second, and the last report at the next housekeeping, if the attempt still runs then.
    ///
    /// - Parameters:
    ///   - progress: From 0 to 1.
    ///   - message: A few words.
    /// - Throws: `DatabaseError`; `CancellationError`.
    public func report(progress: Double?, _ message: String? = nil) async throws {
        guard let report = state.take(AttemptState.Report(progress: progress, message: message)) else { return }
        try await jobs.write(report, of: job)
    }
}

extension JobQueue {
    func write(_ report: AttemptState.Report, of job: ClaimedJob) async throws {
        let store = store
        try await database.writeRelaxed { transaction in
            try store.report(report.progress, report.message, of: job, in: transaction)
        }
    }

    /// When a finished job is to be removed; nil for at once.
    static func pruneTime(_ now: Int64, after retention: Duration) -> Int64? {
        let wait = retention.wholeMilliseconds
        guard wait > 0 else { return nil }
        let (time, overflow) = now.addingReportingOverflow(wait)
        return overflow ? .max : time
    }
}
