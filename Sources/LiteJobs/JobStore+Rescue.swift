import LiteDB

/// The SQL about workers: who lives, whose jobs go back, and what is old enough to be removed.
extension JobStore {
    // MARK: Workers

    /// Notes a worker whose lock file is there and locked.
    func register(uuid: String, processID: Int32, at now: Int64, in transaction: borrowing Transaction) throws -> Int64
    {
        try transaction.execute(
            "INSERT INTO lite_job_workers (uuid, pid, started_at) VALUES (\(uuid), \(processID), \(now))")
        return transaction.lastInsertedRowID
    }

    /// The other workers that are registered.
    func workers(except worker: Int64, in access: borrowing some ReadAccess & ~Copyable) throws -> [RegisteredWorker] {
        try access.all("SELECT id, uuid FROM lite_job_workers WHERE id <> \(worker)") { row in
            RegisteredWorker(id: try row.integer(0), uuid: try row.text(1))
        }
    }

    /// Removes a worker that runs nothing any more.
    func unregister(_ worker: Int64, in transaction: borrowing Transaction) throws {
        try transaction.execute("DELETE FROM lite_job_workers WHERE id = \(worker)")
    }

    /// Gives a dead worker's jobs back, and removes it: one transaction, run while its lock is held.
    ///
    /// - Returns: How many jobs it had.
    func rescue(
        _ worker: Int64, maximumCrashCount: Int, at now: Int64, in transaction: borrowing Transaction
    ) throws -> Int {
        try transaction.execute(
            """
            INSERT INTO lite_job_errors (job, attempt, happened_at, message)
            SELECT id, attempt, \(now), 'The worker died while it ran the job'
            FROM lite_jobs
            WHERE state = 'running' AND worker = \(worker)
            """)
        let deadCount = try transaction.execute(
            """
            UPDATE lite_jobs
            SET state = 'dead', reason = 'crashed', worker = NULL, crashes = crashes + 1, token = token + 1,
                finished_at = \(now)
            WHERE state = 'running' AND worker = \(worker)
                AND (crashes + 1 >= \(maximumCrashCount) OR attempt >= maximum_attempts)
            """)
        let rescuedCount = try transaction.execute(
            """
            UPDATE lite_jobs
            SET state = 'available', worker = NULL, crashes = crashes + 1, token = token + 1
            WHERE state = 'running' AND worker = \(worker)
            """)
        try unregister(worker, in: transaction)
        return deadCount + rescuedCount
    }

    // MARK: Retention

    /// Whether anything finished is old enough to be removed.
    func hasExpired(
        completedBefore: Int64, deadBefore: Int64, in access: borrowing some ReadAccess & ~Copyable
    ) throws -> Bool {
        for (state, time) in Self.retention(completedBefore, deadBefore) {
            let found = try access.first(
                "SELECT EXISTS (SELECT 1 FROM lite_jobs WHERE state = \(state) AND finished_at <= \(time))",
                as: Bool.self)
            if found ?? false { return true }
        }
        return false
    }

    /// Removes some finished jobs that are old enough.
    func prune(completedBefore: Int64, deadBefore: Int64, in transaction: borrowing Transaction) throws {
        for (state, time) in Self.retention(completedBefore, deadBefore) {
            try transaction.execute(Self.prune(state, before: time))
        }
    }

    static func prune(_ state: String, before time: Int64) -> SQL {
        """
        DELETE FROM lite_jobs
        WHERE id IN (
            SELECT id
            FROM lite_jobs
            WHERE state = \(state) AND finished_at <= \(time)
            ORDER BY finished_at
            LIMIT \(pruneLimit))
        """
    }

    private static func retention(_ completedBefore: Int64, _ deadBefore: Int64) -> [(String, Int64)] {
        [("completed", completedBefore), ("cancelled", completedBefore), ("dead", deadBefore)]
    }
}

/// Another worker, as it stands in the table.
struct RegisteredWorker: Sendable, Hashable {
    let id: Int64
    let uuid: String
}
