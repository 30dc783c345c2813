import LiteDB

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The SQL of jobs as the application sees them; the worker's part is in `JobStore+Worker.swift`.
struct JobStore: Sendable {
    /// What is needed to store a job.
    struct NewJob: Sendable {
        let kind: String
        let version: Int
        let queue: String
        let priority: Int
        let maximumAttemptCount: Int
        let payload: [UInt8]
        let runAt: Int64?
    }

    /// Stores a job that waits for a worker, or for its time.
    func insert(_ job: NewJob, at now: Int64, in transaction: borrowing Transaction) throws -> JobID {
        let runAt = max(job.runAt ?? now, now)
        let state = runAt > now ? JobRecord.State.scheduled : .available
        try transaction.execute(
            """
            INSERT INTO lite_jobs (
                queue, kind, version, priority, state, payload, maximum_attempts, enqueued_at, run_at)
            VALUES (\(job.queue), \(job.kind), \(job.version), \(job.priority), \(state.rawValue), \(job.payload),
                \(job.maximumAttemptCount), \(now), \(runAt))
            """)
        return JobID(rawValue: transaction.lastInsertedRowID)
    }

    /// The job with its failed attempts.
    func job(_ id: JobID, in access: borrowing some ReadAccess & ~Copyable) throws -> JobRecord? {
        let errors = try access.all(
            """
            SELECT attempt, happened_at, message
            FROM lite_job_errors
            WHERE job = \(id.rawValue)
            ORDER BY attempt, rowid
            """
        ) { row in
            JobRecord.Failure(attempt: try row.get(0), happenedAt: try row.get(1), message: try row.text(2))
        }
        return try access.first(
            """
            SELECT kind, version, queue, priority, state, reason, attempt, crashes, enqueued_at, run_at, started_at,
                finished_at
            FROM lite_jobs
            WHERE id = \(id.rawValue)
            """
        ) { row in
            guard let state = JobRecord.State(rawValue: try row.text(4)) else {
                throw DatabaseError(.typeMismatch, "Reading a job: its state is of a newer release")
            }
            return JobRecord(
                id: id, kind: try row.text(0), version: try row.get(1), queue: try row.text(2),
                priority: try row.get(3), state: state, reason: try row.get(5), attempt: try row.get(6),
                crashCount: try row.get(7), enqueuedAt: try row.get(8), runAt: try row.get(9),
                startedAt: try row.get(10), finishedAt: try row.get(11), errors: errors)
        }
    }

    /// Ends a job that is not finished. What its worker does from now on is not recorded.
    func cancel(_ id: JobID, at now: Int64, in transaction: borrowing Transaction) throws -> Bool {
        try transaction.execute(
            """
            UPDATE lite_jobs
            SET state = 'cancelled', reason = NULL, worker = NULL, token = token + 1, finished_at = \(now)
            WHERE id = \(id.rawValue) AND state IN ('scheduled', 'available', 'running', 'parked')
            """) > 0
    }

    /// Lets a dead or cancelled job run again, with all its attempts; its errors are kept.
    func retry(_ id: JobID, at now: Int64, in transaction: borrowing Transaction) throws -> Bool {
        try transaction.execute(
            """
            UPDATE lite_jobs
            SET state = 'available', reason = NULL, attempt = 0, crashes = 0, run_at = \(now), started_at = NULL,
                finished_at = NULL
            WHERE id = \(id.rawValue) AND state IN ('dead', 'cancelled')
            """) > 0
    }
}
