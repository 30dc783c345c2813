import LiteDB

/// One attempt at a job, as it was claimed.
struct ClaimedJob: Sendable {
    let id: JobID
    let kind: String
    let version: Int
    let queue: String
    let priority: Int
    let payload: [UInt8]
    let attempt: Int
    let maximumAttemptCount: Int
    let token: Int64
    let enqueuedAt: Int64
}

/// What becomes of an attempt that did not complete.
enum AttemptEnd: Sendable {
    /// It failed, and runs again at this time.
    case retry(at: Int64, message: String)
    /// It failed for good.
    case dead(reason: String, message: String)
    /// It asked to be run at this time instead; the attempt is given back.
    case snooze(until: Int64)
    /// Its worker stopped; the attempt is given back.
    case interrupted
}

/// The worker's SQL. Everything that is written about an attempt names its token, and changes nothing if the token is
/// no longer the job's.
extension JobStore {
    /// How many due jobs one claim makes available at most, and how many foreign ones it puts aside.
    static let promotionLimit = 1_000
    static let parkLimit = 200
    /// How many rows of finished jobs are removed at a time.
    static let pruneLimit = 500

    // MARK: Claiming

    /// Whether a claim would find anything, so that idle workers never write.
    func hasWork(
        in queues: [String], kinds: KnownKinds, at now: Int64, in access: borrowing some ReadAccess & ~Copyable
    ) throws -> Bool {
        if try access.first(Self.hasDue(at: now), as: Bool.self) ?? false { return true }
        for queue in queues where try access.first(Self.hasAvailable(in: queue), as: Bool.self) ?? false {
            return true
        }
        return try access.first(Self.hasParked(kinds), as: Bool.self) ?? false
    }

    static func hasDue(at now: Int64) -> SQL {
        "SELECT EXISTS (SELECT 1 FROM lite_jobs WHERE state = 'scheduled' AND run_at <= \(now))"
    }

    static func hasAvailable(in queue: String) -> SQL {
        "SELECT EXISTS (SELECT 1 FROM lite_jobs WHERE state = 'available' AND queue = \(queue))"
    }

    static func hasParked(_ kinds: KnownKinds) -> SQL {
        """
        SELECT EXISTS (
            SELECT 1
            FROM json_each(\(kinds.json)) AS known
            CROSS JOIN lite_jobs
            WHERE state = 'parked' AND kind = known.key AND version <= known.value)
        """
    }

    /// When the next scheduled job is due.
    func nextDue(in access: borrowing some ReadAccess & ~Copyable) throws -> Int64? {
        try access.first(Self.nextDueQuery, as: Int64?.self) ?? nil
    }

    static let nextDueQuery: SQL = "SELECT min(run_at) FROM lite_jobs WHERE state = 'scheduled'"

    /// Gives the worker up to `limit` jobs: queue after queue, by priority and age.
    ///
    /// Jobs of a kind or version that the worker does not know are put aside; its own kinds come back from there.
    ///
    /// - Returns: Nil if the worker is not registered any more, because it was taken for dead.
    func claim(
        for worker: Int64, queues: [String], kinds: KnownKinds, limit: Int, at now: Int64,
        in transaction: borrowing Transaction
    ) throws -> [ClaimedJob]? {
        guard
            try transaction.first("SELECT 1 FROM lite_job_workers WHERE id = \(worker)", as: Int.self) != nil
        else { return nil }
        // No more than this worker runs at once, or workers that know other kinds would only put them aside again.
        try transaction.execute(Self.unpark(kinds, limit: limit))
        try transaction.execute(Self.promote(at: now))
        var claimed: [ClaimedJob] = []
        var parkedCount = 0
        for queue in queues {
            while claimed.count < limit, parkedCount < Self.parkLimit {
                let found = try transaction.all(
                    Self.claim(for: worker, queue: queue, limit: limit - claimed.count, at: now), Self.claimedJob)
                for job in found where !kinds.includes(job) { try park(job, kinds, in: transaction) }
                let own = found.filter(kinds.includes)
                claimed += own
                parkedCount += found.count - own.count
                if own.count == found.count { break }
            }
        }
        return claimed.sorted { ($0.priority, $1.id) > ($1.priority, $0.id) }
    }

    static func unpark(_ kinds: KnownKinds, limit: Int) -> SQL {
        """
        UPDATE lite_jobs
        SET state = 'available', reason = NULL
        WHERE id IN (
            SELECT lite_jobs.id
            FROM json_each(\(kinds.json)) AS known
            CROSS JOIN lite_jobs
            WHERE state = 'parked' AND kind = known.key AND version <= known.value
            LIMIT \(limit))
        """
    }

    static func promote(at now: Int64) -> SQL {
        """
        UPDATE lite_jobs
        SET state = 'available'
        WHERE id IN (
            SELECT id
            FROM lite_jobs
            WHERE state = 'scheduled' AND run_at <= \(now)
            ORDER BY run_at
            LIMIT \(promotionLimit))
        """
    }

    static func claim(for worker: Int64, queue: String, limit: Int, at now: Int64) -> SQL {
        """
        UPDATE lite_jobs
        SET state = 'running', worker = \(worker), attempt = attempt + 1, token = token + 1, started_at = \(now)
        WHERE id IN (
            SELECT id
            FROM lite_jobs
            WHERE state = 'available' AND queue = \(queue)
            ORDER BY priority DESC, id
            LIMIT \(limit))
        RETURNING id, kind, version, queue, priority, payload, attempt, maximum_attempts, token, enqueued_at
        """
    }

    private static func claimedJob(_ row: borrowing Row) throws -> ClaimedJob {
        ClaimedJob(
            id: JobID(rawValue: try row.integer(0)), kind: try row.text(1), version: try row.get(2),
            queue: try row.text(3), priority: try row.get(4), payload: try row.get(5), attempt: try row.get(6),
            maximumAttemptCount: try row.get(7), token: try row.integer(8), enqueuedAt: try row.integer(9))
    }

    private func park(_ job: ClaimedJob, _ kinds: KnownKinds, in transaction: borrowing Transaction) throws {
        try transaction.execute(
            """
            UPDATE lite_jobs
            SET state = 'parked', reason = \(kinds.reason(for: job)), worker = NULL, attempt = attempt - 1,
                token = token + 1
            WHERE id = \(job.id.rawValue)
            """)
    }

    // MARK: Ending an attempt

    /// Records that the attempt did the job.
    ///
    /// - Throws: `JobError` with `attemptLost` if the attempt is over; let it leave the transaction.
    func complete(_ job: ClaimedJob, at now: Int64, in transaction: borrowing Transaction) throws {
        let count = try transaction.execute(
            """
            UPDATE lite_jobs
            SET state = 'completed', worker = NULL, finished_at = \(now)
            WHERE id = \(job.id.rawValue) AND state = 'running' AND token = \(job.token)
            """)
        guard count == 1 else {
            throw JobError(
                .attemptLost,
                "Completing attempt \(job.attempt) of job \(job.id): it is no longer this worker's. It was cancelled, "
                    + "or the worker was taken for dead. Nothing was written; end the handler")
        }
    }

    /// Records what becomes of an attempt that did not do the job.
    ///
    /// - Returns: False if the attempt is over already; nothing was written then.
    func end(
        _ job: ClaimedJob, _ end: AttemptEnd, at now: Int64, in transaction: borrowing Transaction
    ) throws -> Bool {
        let change: SQL =
            switch end {
            case .retry(let time, _): "state = 'scheduled', run_at = \(time)"
            case .dead(let reason, _): "state = 'dead', reason = \(reason), finished_at = \(now)"
            case .snooze(let time): "state = 'scheduled', run_at = \(time), attempt = attempt - 1"
            case .interrupted: "state = 'available', attempt = attempt - 1"
            }
        let count = try transaction.execute(
            """
            UPDATE lite_jobs
            SET \(change), worker = NULL, token = token + 1
            WHERE id = \(job.id.rawValue) AND state = 'running' AND token = \(job.token)
            """)
        guard count == 1 else { return false }
        switch end {
        case .retry(_, let message), .dead(_, let message):
            try transaction.execute(
                """
                INSERT INTO lite_job_errors (job, attempt, happened_at, message)
                VALUES (\(job.id.rawValue), \(job.attempt), \(now), \(message))
                """)
        case .snooze, .interrupted:
            break
        }
        return true
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
