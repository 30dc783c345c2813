import LiteDB

/// The SQL of control: cancelling, trying again, pausing.
extension JobStore {
    /// How many rows a change of many jobs takes in one transaction.
    static let sliceCount = 500

    /// Ends a job that is not finished. What its worker does from now on is not recorded.
    func cancel(_ id: JobID, pruneAt: Int64, at now: Int64, in transaction: borrowing Transaction) throws -> Bool {
        try transaction.execute(
            """
            UPDATE lite_jobs
            SET state = 'cancelled', reason = NULL, worker = NULL, token = token + 1, finished_at = \(now),
                prune_at = \(pruneAt)
            WHERE id = \(id.rawValue) AND state IN ('scheduled', 'available', 'running', 'blocked', 'parked')
            """) > 0
    }

    /// Lets a dead or cancelled job run again, with all its attempts; its errors are kept.
    ///
    /// - Throws: `JobError` with `duplicate` if it is unique and one like it is there.
    func retry(_ id: JobID, at now: Int64, in transaction: borrowing Transaction) throws -> Bool {
        do {
            return try transaction.execute(Self.retry("id = \(id.rawValue)", at: now)) > 0
        } catch let error as DatabaseError where error.code == .constraint {
            throw JobError(
                .duplicate,
                "Trying job \(id) again: it is unique, and one like it is there. Leave it, or wait for that",
                underlying: error)
        }
    }

    private static func retry(_ condition: SQL, at now: Int64) -> SQL {
        """
        UPDATE lite_jobs
        SET state = 'available', reason = NULL, attempt = 0, crashes = 0, run_at = \(now), started_at = NULL,
            finished_at = NULL, prune_at = NULL, expires_at = NULL, progress = NULL, progress_message = NULL
        WHERE \(condition) AND state IN ('dead', 'cancelled')
        """
    }

    /// The next of the jobs that a filter lets through, the oldest first.
    func slice(
        _ filter: JobFilter, after id: JobID, in access: borrowing some ReadAccess & ~Copyable
    ) throws -> [JobID] {
        try access.all(
            """
            SELECT id
            FROM lite_jobs
            WHERE id > \(id.rawValue) AND \(Self.condition(filter))
            ORDER BY id
            LIMIT \(Self.sliceCount)
            """
        ) { row in JobID(rawValue: try row.integer(0)) }
    }

    /// Those of some jobs that a filter lets through now.
    func those(
        of ids: [JobID], letThroughBy filter: JobFilter, in access: borrowing some ReadAccess & ~Copyable
    ) throws -> [JobID] {
        try access.all(
            """
            SELECT id
            FROM lite_jobs
            WHERE id IN (\(list: ids.map(\.rawValue))) AND \(Self.condition(filter))
            ORDER BY id
            """
        ) { row in JobID(rawValue: try row.integer(0)) }
    }

    /// Runs a change for each of some jobs; those that a unique index refuses are left as they are.
    func retryAll(_ ids: [JobID], at now: Int64, in transaction: borrowing Transaction) throws -> Int {
        var count = 0
        for id in ids {
            do {
                count += try transaction.savepoint { try retry(id, at: now, in: $0) ? 1 : 0 }
            } catch let error as JobError where error.code == .duplicate {
                continue  // one like it is there already, which does the work
            }
        }
        return count
    }

    /// Removes finished jobs.
    func remove(_ ids: [JobID], in transaction: borrowing Transaction) throws -> Int {
        try transaction.execute(
            "DELETE FROM lite_jobs WHERE id IN (\(list: ids.map(\.rawValue))) AND finished_at IS NOT NULL")
    }

    // MARK: Pausing

    /// A pause whose time is not after this is at its end. It holds nothing back any more, and stands there until all that was
    /// put aside for it is back: its time says, as a negative number, which job was looked at last. So whoever comes by can go
    /// on if who ended it dies, and nobody does anything twice.
    private static let ending: Int64 = 0

    func pauses(in access: borrowing some ReadAccess & ~Copyable) throws -> JobPauses {
        JobPauses(try pausedScopes(in: access))
    }

    func pausedScopes(in access: borrowing some ReadAccess & ~Copyable) throws -> [PauseScope] {
        try access.all("SELECT scope, name FROM lite_job_pauses WHERE paused_at > \(Self.ending)") { row in
            PauseScope(scope: try row.text(0), name: try row.text(1))
        }.compactMap(\.self)
    }

    func pause(_ scope: PauseScope, at now: Int64, in transaction: borrowing Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO lite_job_pauses (scope, name, paused_at)
            VALUES (\(scope.columns.scope), \(scope.columns.name), \(max(now, Self.ending + 1)))
            ON CONFLICT (scope, name) DO UPDATE SET paused_at = excluded.paused_at WHERE paused_at <= \(Self.ending)
            """)
    }

    /// Ends a pause. Jobs that were put aside for a kind come back at the next claim.
    func resume(_ scope: PauseScope, in transaction: borrowing Transaction) throws {
        try transaction.execute(
            "DELETE FROM lite_job_pauses WHERE scope = \(scope.columns.scope) AND name = \(scope.columns.name)")
    }

    /// Begins to end the pause of a tag: from now on nothing is put aside for it.
    func beginToResume(tag: String, in transaction: borrowing Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO lite_job_pauses (scope, name, paused_at)
            VALUES ('tag', \(tag), \(Self.ending))
            ON CONFLICT (scope, name) DO UPDATE SET paused_at = excluded.paused_at WHERE paused_at > \(Self.ending)
            """)
    }

    /// A tag whose pause is at its end, and of which not all is back.
    func endingTag(in access: borrowing some ReadAccess & ~Copyable) throws -> String? {
        try access.first(
            "SELECT name FROM lite_job_pauses WHERE scope = 'tag' AND paused_at <= \(Self.ending)", as: String.self)
    }

    /// Looks at some more of the jobs that were put aside for a tag, and brings those back that have no paused one. With the
    /// last of them the pause has ended.
    ///
    /// - Returns: Whether there may be more; false too if somebody paused the tag again.
    func resumeSome(tag: String, in transaction: borrowing Transaction) throws -> Bool {
        let time = try transaction.first(
            "SELECT paused_at FROM lite_job_pauses WHERE scope = 'tag' AND name = \(tag)", as: Int64.self)
        guard let time, time <= Self.ending else { return false }
        let found = try transaction.all(
            """
            SELECT id
            FROM lite_jobs
            WHERE state = 'parked' AND reason = 'pausedTag' AND id > \(-time)
            ORDER BY id
            LIMIT \(Self.sliceCount)
            """, as: Int64.self)
        try transaction.execute(
            """
            UPDATE lite_jobs
            SET state = 'available', reason = NULL
            WHERE id IN (\(list: found)) AND NOT EXISTS (
                SELECT 1
                FROM json_each(CASE WHEN json_valid(lite_jobs.tags) THEN lite_jobs.tags ELSE '[]' END) AS own
                JOIN lite_job_pauses AS pause ON pause.scope = 'tag' AND pause.name = own.value
                WHERE pause.paused_at > \(Self.ending))
            """)
        guard let last = found.last, found.count == Self.sliceCount else {
            try resume(.tag(tag), in: transaction)
            return false
        }
        try transaction.execute(
            "UPDATE lite_job_pauses SET paused_at = \(-last) WHERE scope = 'tag' AND name = \(tag)")
        return true
    }
}
