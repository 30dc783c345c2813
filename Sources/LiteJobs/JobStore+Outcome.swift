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
            isRecorded.append(
                try record(attempt.job, attempt.end, deadRetention: deadRetention, at: now, in: transaction))
        }
        return isRecorded
    }

    private func record(
        _ job: ClaimedJob, _ end: AttemptEnd, deadRetention: Int64, at now: Int64,
        in transaction: borrowing Transaction
    ) throws -> Bool {
        let count: Int
        switch end {
        case .completed(let output, let pruneAt):
            count = try transaction.execute(Self.complete(job, output: output, pruneAt: pruneAt, at: now))
        case .retry(let time, let message):
            count = try transaction.execute(Self.end(job, "state = 'scheduled', run_at = \(time)"))
            if count == 1 { try note(message, of: job, at: now, in: transaction) }
        case .dead(let reason, let message):
            let (pruneAt, _) = now.addingReportingOverflow(deadRetention)
            count = try transaction.execute(
                Self.end(
                    job,
                    """
                    state = 'dead', reason = \(reason.rawValue), finished_at = \(now), prune_at = \(max(pruneAt, now))
                    """))
            if count == 1 { try note(message, of: job, at: now, in: transaction) }
        case .snooze(let time):
            count = try transaction.execute(
                Self.end(job, "state = 'scheduled', run_at = \(time), attempt = attempt - 1"))
        case .interrupted:
            count = try transaction.execute(Self.end(job, "state = 'available', attempt = attempt - 1"))
        }
        return count == 1
    }

    private func note(
        _ message: String, of job: ClaimedJob, at now: Int64, in transaction: borrowing Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO lite_job_errors (job, attempt, happened_at, message)
            VALUES (\(job.id.rawValue), \(job.attempt), \(now), \(message))
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
