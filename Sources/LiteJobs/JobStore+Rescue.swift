import LiteDB

/// The SQL about workers: who lives, whose jobs go back, and what is old enough to be removed.
extension JobStore {
    // MARK: Workers

    /// Notes a worker whose lock file is there and locked.
    func register(
        uuid: String, processID: Int32, queues: [String], concurrency: Int, at now: Int64,
        in transaction: borrowing Transaction
    ) throws -> Int64 {
        try transaction.execute(
            """
            INSERT INTO lite_job_workers (uuid, pid, queues, concurrency, started_at)
            VALUES (\(uuid), \(processID), \(queues.joined(separator: ", ")), \(concurrency), \(now))
            """)
        return transaction.lastInsertedRowID
    }

    /// The other workers that are registered.
    func workers(except worker: Int64, in access: borrowing some ReadAccess & ~Copyable) throws -> [RegisteredWorker] {
        try access.all("SELECT id, uuid, pid FROM lite_job_workers WHERE id <> \(worker)") { row in
            RegisteredWorker(id: try row.integer(0), uuid: try row.text(1), processID: try row.get(2))
        }
    }

    /// Removes a worker that runs nothing any more.
    func unregister(_ worker: Int64, in transaction: borrowing Transaction) throws {
        try transaction.execute("DELETE FROM lite_job_workers WHERE id = \(worker)")
    }

    /// Gives a dead worker's jobs back, and removes it: one transaction, run while its lock is held.
    ///
    /// - Returns: The jobs that it had, and whether each is dead now.
    func rescue(
        _ worker: Int64, maximumCrashCount: Int, deadRetention: Int64, at now: Int64,
        in transaction: borrowing Transaction
    ) throws -> [(id: JobID, kind: String, isDead: Bool)] {
        try transaction.execute(
            """
            INSERT INTO lite_job_errors (job, attempt, happened_at, message)
            SELECT id, attempt, \(now), 'The worker died while it ran the job'
            FROM lite_jobs
            WHERE state = 'running' AND worker = \(worker) AND started_at IS NOT NULL
            """)
        let (pruneAt, _) = now.addingReportingOverflow(deadRetention)
        let dead = try transaction.all(
            """
            UPDATE lite_jobs
            SET state = 'dead', reason = 'crashed', worker = NULL, crashes = crashes + 1, token = token + 1,
                finished_at = \(now), prune_at = \(max(pruneAt, now)), \(Self.begun)
            WHERE state = 'running' AND worker = \(worker) AND started_at IS NOT NULL
                AND (crashes + 1 >= \(maximumCrashCount) OR attempt >= maximum_attempts)
            RETURNING id, kind
            """
        ) { row in (id: JobID(rawValue: try row.integer(0)), kind: try row.text(1), isDead: true) }
        // Those that it had claimed ahead have not begun: no attempt and no crash is counted.
        var rescued: [(id: JobID, kind: String, isDead: Bool)] = []
        for (condition, change) in [
            ("IS NOT NULL", "crashes = crashes + 1, \(Self.begun)"), ("IS NULL", Self.notBegun),
        ] as [(SQL, SQL)] {
            rescued += try transaction.all(
                """
                UPDATE lite_jobs
                SET state = 'available', worker = NULL, token = token + 1, \(change)
                WHERE state = 'running' AND worker = \(worker) AND started_at \(condition)
                RETURNING id, kind
                """
            ) { row in (id: JobID(rawValue: try row.integer(0)), kind: try row.text(1), isDead: false) }
        }
        try unregister(worker, in: transaction)
        return dead + rescued
    }

    /// Whether any worker runs anything.
    func isAnyRunning(in access: borrowing some ReadAccess & ~Copyable) throws -> Bool {
        try access.first(Self.anyRunning, as: Bool.self) ?? false
    }

    static let anyRunning: SQL = "SELECT EXISTS (SELECT 1 FROM lite_jobs WHERE state = 'running')"

    /// Whether the worker runs anything.
    func isBusy(_ worker: Int64, in access: borrowing some ReadAccess & ~Copyable) throws -> Bool {
        try access.first(
            "SELECT EXISTS (SELECT 1 FROM lite_jobs WHERE state = 'running' AND worker = \(worker))", as: Bool.self)
            ?? false
    }

    // MARK: Retention

    /// How many rows of finished jobs are removed at a time.
    static let pruneLimit = 500
    private static let finished = ["completed", "cancelled", "dead"]

    /// Whether anything finished is old enough to be removed.
    func hasExpired(at now: Int64, in access: borrowing some ReadAccess & ~Copyable) throws -> Bool {
        for state in Self.finished {
            let found = try access.first(
                "SELECT EXISTS (SELECT 1 FROM lite_jobs WHERE state = \(state) AND prune_at <= \(now))",
                as: Bool.self)
            if found ?? false { return true }
        }
        let hasLock = try access.first(
            "SELECT EXISTS (SELECT 1 FROM lite_job_locks WHERE expires_at <= \(now))", as: Bool.self)
        return try hasLock ?? false || hasEmptyCounts(in: access)
    }

    /// How many counts of nothing are kept: those of queues and kinds in use come and go all the time.
    private static let emptyCountLimit = 1_000

    private func hasEmptyCounts(in access: borrowing some ReadAccess & ~Copyable) throws -> Bool {
        let count = try access.first(
            "SELECT count(*) FROM (SELECT 1 FROM lite_job_counts WHERE count = 0 LIMIT \(Self.emptyCountLimit + 1))",
            as: Int.self)
        return count ?? 0 > Self.emptyCountLimit
    }

    /// Removes some finished jobs that are old enough, locks that are over, and counts of queues that nobody uses any more.
    ///
    /// - Returns: Whether there may be more.
    func prune(at now: Int64, in transaction: borrowing Transaction) throws -> Bool {
        var isFull = false
        for state in Self.finished {
            if try transaction.execute(Self.prune(state, at: now)) >= Self.pruneLimit { isFull = true }
        }
        let count = try transaction.execute(
            """
            DELETE FROM lite_job_locks
            WHERE key IN (SELECT key FROM lite_job_locks WHERE expires_at <= \(now) LIMIT \(Self.pruneLimit))
            """)
        guard try hasEmptyCounts(in: transaction) else { return isFull || count >= Self.pruneLimit }
        try transaction.execute(
            """
            DELETE FROM lite_job_counts
            WHERE (queue, kind, state) IN (
                SELECT queue, kind, state FROM lite_job_counts WHERE count = 0 LIMIT \(Self.pruneLimit))
            """)
        return true
    }

    static func prune(_ state: String, at now: Int64) -> SQL {
        """
        DELETE FROM lite_jobs
        WHERE id IN (
            SELECT id
            FROM lite_jobs
            WHERE state = \(state) AND prune_at <= \(now)
            ORDER BY prune_at
            LIMIT \(pruneLimit))
        """
    }
}

/// Another worker, as it stands in the table.
struct RegisteredWorker: Sendable, Hashable {
    let id: Int64
    let uuid: String
    let processID: Int
}
