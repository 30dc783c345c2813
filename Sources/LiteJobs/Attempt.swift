import LiteDB
import Logging

/// One attempt at one job: runs the handler, and says what becomes of the job.
struct Attempt: Sendable {
    let job: ClaimedJob
    let state: AttemptState
    private let handler: JobHandlers.Handler
    private let jobs: JobQueue
    private let control: WorkerControl
    private let context: JobContext

    init(job: ClaimedJob, handler: JobHandlers.Handler, jobs: JobQueue, control: WorkerControl) {
        self.job = job
        self.handler = handler
        self.jobs = jobs
        self.control = control
        state = AttemptState(control: control)
        context = JobContext(job: job, jobs: jobs, state: state, completedRetention: handler.completedRetention)
    }

    /// Runs the handler, with what stands around it.
    ///
    /// - Returns: What is to be recorded; nil if the handler has completed the job itself.
    func run() async -> EndedAttempt? {
        let started = ContinuousClock.now
        let result: Result<String?, any Error>
        do {
            result = .success(try await perform())
        } catch {
            result = .failure(error)
        }
        let duration = ContinuousClock.now - started
        if state.isCompleted {
            if case .failure(let error) = result {
                context.logger.warning(
                    "A handler threw after it had completed its job; the job stays completed",
                    metadata: ["error": "\(error)"])
            }
            let ended = EndedAttempt(job: job, end: .completed(output: nil, pruneAt: nil), duration: duration)
            jobs.tell(ended, isRecorded: true)
            return nil
        }
        return EndedAttempt(job: job, end: end(for: result), duration: duration)
    }

    private func perform() async throws -> String? {
        let (handler, job, context) = (handler, job, context)
        if jobs.configuration.middleware.isEmpty, !JobTrace.isActive { return try await handler.run(job, context) }
        return try await JobTrace.withSpan(of: job, metadata: context.metadata) {
            var output: String?
            try await around(jobs.configuration.middleware[...]) { output = try await handler.run(job, context) }
            return output
        }
    }

    /// Runs `body` inside of the middleware, the first outermost.
    private func around(_ middleware: ArraySlice<any JobMiddleware>, _ body: () async throws -> Void) async throws {
        guard let first = middleware.first else { return try await body() }
        try await first.run(context) { try await around(middleware.dropFirst(), body) }
    }

    /// What a handler's result means for the job.
    private func end(for result: Result<String?, any Error>) -> AttemptEnd {
        switch result {
        case .success(let output):
            let pruneAt = JobQueue.pruneTime(jobs.clock.milliseconds(), after: context.completedRetention)
            return .completed(output: output, pruneAt: pruneAt)
        case .failure(let error): return end(for: error)
        }
    }

    private func end(for error: any Error) -> AttemptEnd {
        switch error {
        case let error as Discard: return .dead(reason: .discarded, message: Self.message(for: error.reason))
        case let error as Snooze: return .snooze(until: jobs.time(after: error.delay))
        case let error as Retry where job.attempt < job.maximumAttemptCount:
            return .retry(at: jobs.time(after: error.delay), message: Self.message(for: error.reason))
        case let error as JobHandlers.Undecodable:
            return .dead(reason: .undecodable, message: Self.message(for: error.underlying))
        default: break
        }
        // Whatever a handler throws after the worker cancelled it is the worker's doing, not the job's.
        if control.phase == .cancelling, !state.isTimedOut { return .interrupted }
        let error = state.isTimedOut ? timeout(error) : error
        let message = Self.message(for: error)
        guard job.attempt < job.maximumAttemptCount else { return .dead(reason: .attemptsExhausted, message: message) }
        let age = Duration.milliseconds(max(jobs.clock.milliseconds() - job.enqueuedAt, 0))
        let failed = RetryPolicy.FailedAttempt(error: error, number: job.attempt, age: age)
        var random = jobs.configuration.random()
        guard let wait = handler.retryPolicy.delay(after: failed, using: &random) else {
            return .dead(reason: .discarded, message: message)
        }
        return .retry(at: jobs.time(after: wait), message: message)
    }

    private func timeout(_ error: any Error) -> JobError {
        JobError(
            .timedOut,
            "Running the job: it took longer than its timeout of \(handler.timeout ?? .zero) and was cancelled",
            underlying: error)
    }

    private static func message(for error: Any) -> String {
        let text = String(describing: error)
        return text.utf8.count <= 4_096 ? text : String(decoding: text.utf8.prefix(4_096), as: UTF8.self)
    }
}

extension JobQueue {
    /// Logs, counts and tells what became of an attempt, after it was committed.
    func tell(_ attempt: EndedAttempt, isRecorded: Bool) {
        let job = attempt.job
        // Claimed ahead and given back, or given to others meanwhile: nothing has happened to it here.
        if case .interrupted = attempt.end, !attempt.hasBegun { return }
        metrics.recordEnd(attempt, isRecorded: isRecorded)
        guard isRecorded else {
            log(job, .warning, "An attempt ended that was no longer this worker's; nothing was recorded")
            return hub.tell(job.id, job.kind, .attemptLost)
        }
        switch attempt.end {
        case .completed: hub.tell(job.id, job.kind, .completed)
        case .retry(_, let message):
            log(job, .info, "A job failed and will be tried again", ["error": "\(message)"])
            hub.tell(job.id, job.kind, .failed(message: message))
        case .dead(let reason, let message):
            log(job, .error, "A job failed for good", ["reason": "\(reason)", "error": "\(message)"])
            hub.tell(job.id, job.kind, .dead(reason: reason, message: message))
        case .snooze:
            log(job, .debug, "A job asked to be run later")
            hub.tell(job.id, job.kind, .snoozed)
        case .interrupted:
            log(job, .info, "A job was interrupted by the shutdown and will run again")
            hub.tell(job.id, job.kind, .interrupted)
        }
    }

    func log(_ job: ClaimedJob, _ level: Logger.Level, _ message: Logger.Message, _ more: Logger.Metadata = [:]) {
        guard level >= logger.logLevel else { return }
        let metadata: Logger.Metadata = ["job": "\(job.id)", "kind": "\(job.kind)", "attempt": "\(job.attempt)"]
        logger.log(level: level, message, metadata: metadata.merging(more) { $1 })
    }
}
