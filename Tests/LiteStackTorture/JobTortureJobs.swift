import Foundation
import LiteDB
import LiteJobs

/// The tables and jobs of the torture of the queue.
enum JobTortureJobs {
    /// `effects` holds what completions write, `steps` what steps write, `outcomes` every time that a job was finished.
    static let tables = """
        CREATE TABLE effects (job INTEGER NOT NULL, amount INTEGER NOT NULL) STRICT;
        CREATE TABLE steps (job INTEGER NOT NULL) STRICT;
        CREATE TABLE outcomes (job INTEGER NOT NULL) STRICT;
        CREATE TRIGGER torture_finished AFTER UPDATE OF state ON lite_jobs
        WHEN NEW.state IN ('completed', 'cancelled', 'dead') BEGIN
            INSERT INTO outcomes (job) VALUES (NEW.id);
        END;
        """

    /// A job that has crashed so often is dead: the default, which the checks rely on.
    static let crashLimit = JobQueue.Configuration().maximumCrashCount

    /// It is the workers that are at fault here, not the jobs.
    static let retryPolicy = RetryPolicy.constant(maximumAttemptCount: 1_000_000, delay: .milliseconds(20))

    /// - Parameter pause: What a handler does for a while.
    static func register(
        _ handlers: inout JobHandlers, _ jobs: JobQueue, pause: @escaping @Sendable (JobContext) async throws -> Void
    ) {
        handlers.handle(Transfer.self) { job, context in
            try await pause(context)
            try await context.complete { transaction in
                try note(job.amount, of: context, in: transaction)
                for number in 0..<job.followerCount {
                    try jobs.enqueue(
                        Transfer(serial: nil, amount: number, followerCount: 0, parent: context.id.rawValue),
                        in: transaction)
                }
            }
            // What is thrown after the completion must not bring the job back.
            if context.id.rawValue % 7 == 0 { throw TortureFailure("thrown after the completion") }
        }
        handlers.handle(Chore.self) { _, context in
            try await context.transaction("step") { transaction in
                try transaction.execute("INSERT INTO steps (job) VALUES (\(context.id.rawValue))")
            }
            try await pause(context)
            if context.attempt == 1, context.id.rawValue % 5 == 0 { throw TortureFailure("thrown once") }
        }
        handlers.handle(Tick.self) { job, context in
            try await context.complete { transaction in try note(job.amount, of: context, in: transaction) }
        }
        handlers.handle(Poison.self) { _, _ in _ = kill(getpid(), SIGKILL) }
    }

    private static func note(_ amount: Int, of context: JobContext, in transaction: borrowing Transaction) throws {
        try transaction.execute("INSERT INTO effects (job, amount) VALUES (\(context.id.rawValue), \(amount))")
    }
}

/// Writes an effect with its completion, and enqueues so many others with it.
struct Transfer: Job {
    static let kind = "transfer"
    static let retryPolicy = JobTortureJobs.retryPolicy
    /// Another one for each call that enqueues; none for what a completion enqueues.
    var serial: Int?
    var amount: Int
    var followerCount: Int
    /// The job whose completion enqueued it.
    var parent: Int64?
}

/// Does a step, then returns; throws now and then.
struct Chore: Job {
    static let kind = "chore"
    static let retryPolicy = JobTortureJobs.retryPolicy
    var serial: Int?
}

/// What a schedule enqueues each second.
struct Tick: Job {
    static let kind = "tick"
    static let retryPolicy = JobTortureJobs.retryPolicy
    var amount = 1
}

/// Kills the process that runs it.
struct Poison: Job {
    static let kind = "poison"
    static let retryPolicy = JobTortureJobs.retryPolicy
    var serial: Int?
}
