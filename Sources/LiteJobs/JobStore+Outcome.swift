import LiteDB

/// The SQL of what became of an attempt. All of it names the attempt's token, and changes nothing if the token is no
/// longer the job's.
extension JobStore {
    /// Records ends of attempts.
    ///
    /// - Returns: For each whether it was recorded; false means that the attempt was over already.
    func record(
        _ ended: [EndedAttempt], deadRetention: Int64, at now: Int64, in transaction: borrowing Transaction
    ) throws -> [Bool] {
        var isRecorded: [Bool] = []
        isRecorded.reserveCapacity(ended.count)
        for attempt in ended {
            isRecorded.append(try record(attempt, deadRetention: deadRetention, at: now, in: transaction))
        }
        return isRecorded
    }

    /// - Returns: Whether it was recorded.
    func record(
        _ attempt: EndedAttempt, deadRetention: Int64, at now: Int64, in transaction: borrowing Transaction
    ) throws -> Bool {
        let (job, count): (ClaimedJob, Int)
        job = attempt.job
        let afterwards = attempt.hasBegun ? Self.begun : Self.notBegun
        switch attempt.end {
        case .completed(let output, let pruneAt):
            count = try transaction.execute(Self.complete(job, output: output, pruneAt: pruneAt, at: now))
        case .retry(let time, let message):
            count = try transaction.execute(Self.end(job, "state = 'scheduled', run_at = \(time), \(afterwards)"))
            if count == 1 { try note(message, of: attempt, at: now, in: transaction) }
        case .dead(let reason, let message):
            let (pruneAt, _) = now.addingReportingOverflow(deadRetention)
            count = try transaction.execute(
                Self.end(
                    job,
                    """
                    state = 'dead', reason = \(reason.rawValue), finished_at = \(now), prune_at = \(max(pruneAt, now)),
                    \(afterwards)
                    """))
            if count == 1 { try note(message, of: attempt, at: now, in: transaction) }
        case .snooze(let time):
            count = try transaction.execute(
                Self.end(job, "state = 'scheduled', run_at = \(time), attempt = attempt - 1, \(afterwards)"))
        case .interrupted where attempt.hasBegun:
            count = try transaction.execute(
                Self.end(job, "state = 'available', attempt = attempt - 1, \(afterwards)"))
        case .interrupted:
            count = try transaction.execute(Self.end(job, "state = 'available', \(afterwards)"))
        }
        return count == 1
    }

    /// A job whose attempt has begun cannot be too late any more, and no longer keeps others of its like away if it does so
    /// only until then.
    static let begun: SQL = """
        expires_at = NULL, unique_key = CASE unique_until WHEN 'started' THEN NULL ELSE unique_key END
        """
    /// One that was claimed and not begun waits as before. If it keeps others away until it begins, one can have come
    /// meanwhile, which then does so in its place.
    static let notBegun: SQL = """
        attempt = attempt - 1, started_at = NULL, unique_key = CASE
            WHEN unique_until = 'started' AND EXISTS (
                SELECT 1 FROM lite_jobs AS other
                WHERE other.unique_key = lite_jobs.unique_key AND \(raw: JobSchema.holdsKey))
            THEN NULL ELSE unique_key END
        """

    private func note(
        _ message: String, of attempt: EndedAttempt, at now: Int64, in transaction: borrowing Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO lite_job_errors (job, attempt, happened_at, message)
            VALUES (\(attempt.job.id.rawValue), \(attempt.job.attempt - (attempt.hasBegun ? 0 : 1)), \(now), \(message))
            """)
    }

    /// Completes the job in its handler's transaction.
    ///
    /// - Throws: `JobError` with `attemptLost` if the attempt is over; let it leave the transaction.
    func complete(
        _ job: ClaimedJob, output: String?, pruneAt: Int64?, at now: Int64, in transaction: borrowing Transaction
    ) throws {
        let count = try transaction.execute(Self.complete(job, output: output, pruneAt: pruneAt, at: now))
        guard count == 1 else { throw Self.attemptLost(job, "Completing") }
    }

    private static let completing = """
        UPDATE lite_jobs
        SET state = 'completed', worker = NULL, finished_at = ?, prune_at = ?, output = ?
        WHERE id = ? AND state = 'running' AND token = ?
        """
    private static let removing = "DELETE FROM lite_jobs WHERE id = ? AND state = 'running' AND token = ?"

    /// - Parameter pruneAt: Nil removes the job at once.
    static func complete(_ job: ClaimedJob, output: String?, pruneAt: Int64?, at now: Int64) -> SQL {
        let fence: [SQLValue] = [.integer(job.id.rawValue), .integer(job.token)]
        guard let pruneAt else { return SQL(removing, arguments: fence) }
        return SQL(completing, arguments: [.integer(now), .integer(pruneAt), output.sqlValue] + fence)
    }

    private static func end(_ job: ClaimedJob, _ change: SQL) -> SQL {
        """
        UPDATE lite_jobs
        SET \(change), worker = NULL, token = token + 1
        WHERE id = \(job.id.rawValue) AND state = 'running' AND token = \(job.token)
        """
    }

    static func attemptLost(_ job: ClaimedJob, _ action: String) -> JobError {
        JobError(
            .attemptLost,
            "\(action) attempt \(job.attempt) of job \(job.id): it is no longer this worker's. It was cancelled, or the "
                + "worker was taken for dead. Nothing was written; end the handler")
    }

    // MARK: While it runs

    /// Makes sure that the attempt is still its worker's.
    ///
    /// - Throws: `JobError` with `attemptLost`; let it leave the transaction.
    func check(_ job: ClaimedJob, in transaction: borrowing Transaction) throws {
        let isCurrent = try transaction.first(
            """
            SELECT 1
            FROM lite_jobs
            WHERE id = \(job.id.rawValue) AND token = \(job.token) AND state = 'running'
            """, as: Int.self)
        if isCurrent == nil { throw Self.attemptLost(job, "Writing in") }
    }

    /// What a step of the job gave when it was done, by this attempt or an earlier one.
    func stepOutput(
        _ name: String, of job: ClaimedJob, in transaction: borrowing Transaction
    ) throws -> String? {
        try transaction.first(
            "SELECT output FROM lite_job_steps WHERE job = \(job.id.rawValue) AND name = \(name)", as: String.self)
    }

    /// Notes that a step is done.
    func noteStep(
        _ name: String, output: String, of job: ClaimedJob, at now: Int64, in transaction: borrowing Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO lite_job_steps (job, name, finished_at, output)
            VALUES (\(job.id.rawValue), \(name), \(now), \(output))
            """)
    }

    func report(
        _ progress: Double?, _ message: String?, of job: ClaimedJob, in transaction: borrowing Transaction
    ) throws {
        try transaction.execute(
            """
            UPDATE lite_jobs
            SET progress = \(progress), progress_message = \(message)
            WHERE id = \(job.id.rawValue) AND state = 'running' AND token = \(job.token)
            """)
    }

    /// The jobs that the worker runs according to the table, with their tokens.
    func running(for worker: Int64, in access: borrowing some ReadAccess & ~Copyable) throws -> [JobID: Int64] {
        var tokens: [JobID: Int64] = [:]
        try access.forEach(Self.running(for: worker)) { row in
            tokens[JobID(rawValue: try row.integer(0))] = try row.integer(1)
        }
        return tokens
    }

    static func running(for worker: Int64) -> SQL {
        "SELECT id, token FROM lite_jobs WHERE state = 'running' AND worker = \(worker)"
    }
}
