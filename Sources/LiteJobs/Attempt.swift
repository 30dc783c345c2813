import LiteDB
import Logging

/// One attempt at one job: runs the handler, then writes down what became of it.
struct Attempt: Sendable {
    private let job: ClaimedJob
    private let handler: JobHandlers.Handler
    private let jobs: JobQueue
    private let control: WorkerControl
    private let progress: AttemptProgress
    private let context: JobContext

    init(job: ClaimedJob, handler: JobHandlers.Handler, jobs: JobQueue, control: WorkerControl) {
        self.job = job
        self.handler = handler
        self.jobs = jobs
        self.control = control
        progress = AttemptProgress(control: control)
        context = JobContext(job: job, jobs: jobs, progress: progress)
    }

    /// Runs the handler, in a task that can be cancelled.
    func perform() async throws {
        try await handler.run(job.payload, context)
    }

    /// Writes the outcome down, trying again while the database is busy. Its task is never cancelled.
    func record(_ result: Result<Void, any Error>) async {
        if progress.isCompleted {
            if case .failure(let error) = result {
                context.logger.warning(
                    "A handler threw after it had completed its job; the job stays completed",
                    metadata: ["error": "\(error)"])
            }
            return
        }
        var tryCount = 0
        while true {
            tryCount += 1
            do {
                try await write(result)
                return
            } catch let error as JobError where error.code == .attemptLost {
                context.logger.warning("An attempt ended that was no longer this worker's; nothing was recorded")
                return
            } catch let error where error.isTransient && (control.phase < .cancelling || tryCount < 10) {
                context.logger.warning("An outcome could not be recorded yet", metadata: ["error": "\(error)"])
                // The sleep cannot be cancelled here, and without it the loop is still right.
                try? await jobs.configuration.clock.sleep(for: .milliseconds(min(100 * tryCount, 2_000)))
            } catch {
                context.logger.error(
                    "An outcome could not be recorded; the job runs again when this worker has ended",
                    metadata: ["error": "\(error)"])
                return
            }
        }
    }

    private func write(_ result: Result<Void, any Error>) async throws {
        let (store, clock, job) = (jobs.store, jobs.clock, job)
        switch result {
        case .success:
            try await jobs.database.write { transaction in
                try store.complete(job, at: clock.milliseconds(), in: transaction)
            }
        case .failure(let error):
            let end = end(for: error)
            let isOurs = try await jobs.database.write { transaction in
                try store.end(job, end, at: clock.milliseconds(), in: transaction)
            }
            if isOurs { log(end) }
        }
    }

    /// What a thrown error means for the job.
    private func end(for error: any Error) -> AttemptEnd {
        let message = Self.message(for: error)
        switch error {
        case JobDirective.discard(let reason): return .dead(reason: "discarded", message: reason)
        case JobDirective.snooze(let wait): return .snooze(until: jobs.time(after: wait))
        case JobDirective.retry(let wait):
            guard job.attempt < job.maximumAttemptCount else { break }
            return .retry(at: jobs.time(after: wait), message: message)
        case let error as JobHandlers.Undecodable:
            return .dead(reason: "undecodable", message: Self.message(for: error.underlying))
        default:
            // Whatever a handler throws after the worker cancelled it is the worker's doing, not the job's.
            if control.phase == .cancelling { return .interrupted }
            guard job.attempt < job.maximumAttemptCount else { break }
            var random = jobs.configuration.random()
            let wait = handler.retryPolicy.delay(after: job.attempt, using: &random)
            return .retry(at: jobs.time(after: wait), message: message)
        }
        return .dead(reason: "attemptsExhausted", message: message)
    }

    private func log(_ end: AttemptEnd) {
        switch end {
        case .retry(_, let message):
            context.logger.info("A job failed and will be tried again", metadata: ["error": "\(message)"])
        case .dead(let reason, let message):
            context.logger.error(
                "A job failed for good", metadata: ["reason": "\(reason)", "error": "\(message)"])
        case .snooze: context.logger.debug("A job asked to be run later")
        case .interrupted: context.logger.info("A job was interrupted by the shutdown and will run again")
        }
    }

    private static func message(for error: any Error) -> String {
        let text = String(describing: error)
        return text.utf8.count <= 4_096 ? text : String(decoding: text.utf8.prefix(4_096), as: UTF8.self)
    }
}
