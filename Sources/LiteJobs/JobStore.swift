import LiteDB

/// The SQL of enqueueing. The worker's part is in `JobStore+Claim.swift` and `JobStore+Outcome.swift`.
struct JobStore: Sendable {
    /// What is needed to store a job, all of it ready to be bound.
    struct NewJob: Sendable {
        let queue: String
        let kind: String
        let version: Int
        let priority: Int
        let maximumAttemptCount: Int
        /// Nil for at once.
        let runAt: Int64?
        let expiresAt: Int64?
        let uniqueness: StoredUniqueness?
        let schedule: String?
        let slot: Int64?
        let tags: String?
        let metadata: String?
        let payload: String
    }

    /// What came of storing a job.
    struct Inserted: Sendable {
        let id: JobID
        let isDuplicate: Bool
    }

    /// Stores a job that waits for a worker, or for its time.
    ///
    /// - Throws: `JobError` with `duplicate`; `DatabaseError`.
    func insert(_ job: NewJob, at now: Int64, in transaction: borrowing Transaction) throws -> Inserted {
        guard let uniqueness = job.uniqueness else {
            try transaction.execute(Self.insert(job, at: now))
            return Inserted(id: JobID(rawValue: transaction.lastInsertedRowID), isDuplicate: false)
        }
        if case .time(let duration) = uniqueness.scope {
            return try insert(job, uniqueness, for: duration, at: now, in: transaction)
        }
        let until = uniqueness.scope == .started ? "started" : "finished"
        let count = try transaction.execute(Self.insert(job, uniqueness.key, until, at: now))
        if count == 1 { return Inserted(id: JobID(rawValue: transaction.lastInsertedRowID), isDuplicate: false) }
        guard let existing = try transaction.first(Self.holder(of: uniqueness.key), as: Int64.self) else {
            throw DatabaseError(.constraint, "Enqueueing a job: a constraint of its table refused it")
        }
        return try settle(job, uniqueness, with: JobID(rawValue: existing), at: now, in: transaction)
    }

    /// Stores the job of a schedule for one of its times.
    ///
    /// - Returns: Nil if there is one for that time already.
    func insertSlot(_ job: NewJob, at now: Int64, in transaction: borrowing Transaction) throws -> JobID? {
        let values = Self.shared(job, nil, nil, at: now) + [.text(job.payload)]
        let count = try transaction.execute(SQL(Self.uniqueInsert, arguments: values))
        return count == 1 ? JobID(rawValue: transaction.lastInsertedRowID) : nil
    }

    private func insert(
        _ job: NewJob, _ uniqueness: StoredUniqueness, for duration: Duration, at now: Int64,
        in transaction: borrowing Transaction
    ) throws -> Inserted {
        let existing = try transaction.first(
            "SELECT job FROM lite_job_locks WHERE key = \(uniqueness.key) AND expires_at > \(now)", as: Int64.self)
        if let existing {
            return try settle(job, uniqueness, with: JobID(rawValue: existing), at: now, in: transaction)
        }
        try transaction.execute(Self.insert(job, at: now))
        let id = transaction.lastInsertedRowID
        let (end, overflow) = now.addingReportingOverflow(duration.wholeMilliseconds)
        try transaction.execute(
            """
            INSERT INTO lite_job_locks (key, job, expires_at) VALUES (\(uniqueness.key), \(id), \(overflow ? .max : end))
            ON CONFLICT (key) DO UPDATE SET job = excluded.job, expires_at = excluded.expires_at
            """)
        return Inserted(id: JobID(rawValue: id), isDuplicate: false)
    }

    /// Does what the later job of two that are alike asks for.
    private func settle(
        _ job: NewJob, _ uniqueness: StoredUniqueness, with existing: JobID, at now: Int64,
        in transaction: borrowing Transaction
    ) throws -> Inserted {
        let time: SQL
        switch uniqueness.conflict {
        case .reject:
            throw JobError(
                .duplicate,
                "Enqueueing a unique job of the kind \"\(job.kind)\": job \(existing) is like it. Leave it, or choose "
                    + "another rule for conflicts")
        case .keep: return Inserted(id: existing, isDuplicate: true)
        case .replace: time = ""
        case .reschedule:
            let runAt = max(job.runAt ?? now, now)
            time = """
                , run_at = \(runAt), expires_at = \(job.expiresAt),
                    state = \(runAt > now ? "scheduled" : "available"), reason = NULL
                """
        }
        try transaction.execute(
            """
            UPDATE lite_jobs
            SET payload = \(job.payload), version = \(job.version), priority = \(job.priority), tags = \(job.tags),
                metadata = \(job.metadata)\(time)
            WHERE id = \(existing.rawValue) AND state IN ('scheduled', 'available', 'blocked', 'parked')
            """)
        return Inserted(id: existing, isDuplicate: true)
    }

    // MARK: Statements

    private static let columns = """
        INSERT INTO lite_jobs (
            queue, kind, version, priority, state, maximum_attempts, enqueued_at, run_at, expires_at, unique_key,
            unique_until, schedule, slot, tags, metadata, payload)

        """
    private static let plainInsert = columns + "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    private static let uniqueInsert = plainInsert + " ON CONFLICT DO NOTHING"
    private static let bulkInsert =
        columns + "SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
        + "CASE type WHEN 'object' THEN value ELSE json_quote(value) END FROM json_each(?) ORDER BY key"

    static func insert(
        _ job: NewJob, _ uniqueKey: String? = nil, _ uniqueUntil: String? = nil, at now: Int64
    ) -> SQL {
        SQL(
            uniqueKey == nil ? plainInsert : uniqueInsert,
            arguments: shared(job, uniqueKey, uniqueUntil, at: now) + [.text(job.payload)])
    }

    private static func shared(
        _ job: NewJob, _ uniqueKey: String?, _ uniqueUntil: String?, at now: Int64
    ) -> [SQLValue] {
        let runAt = max(job.runAt ?? now, now)
        return [
            .text(job.queue), .text(job.kind), .integer(Int64(job.version)), .integer(Int64(job.priority)),
            .text(runAt > now ? "scheduled" : "available"), .integer(Int64(job.maximumAttemptCount)),
            .integer(now), .integer(runAt), job.expiresAt.sqlValue, uniqueKey.sqlValue, uniqueUntil.sqlValue,
            job.schedule.sqlValue, job.slot.sqlValue, job.tags.sqlValue, job.metadata.sqlValue,
        ]
    }

    static func holder(of key: String) -> SQL {
        """
        SELECT id
        FROM lite_jobs
        WHERE unique_key = \(key) AND \(raw: JobSchema.holdsKey)
        """
    }

    /// Stores jobs that differ in nothing but their payloads, in one statement.
    ///
    /// - Parameter job: Its payload is a JSON array of objects.
    /// - Returns: The ids, in the order of the payloads. Ids are given one after the other by AUTOINCREMENT, and nobody
    ///   else writes meanwhile (https://sqlite.org/autoinc.html).
    func insertAll(
        _ job: NewJob, count: Int, at now: Int64, in transaction: borrowing Transaction
    ) throws -> [JobID] {
        let inserted = try transaction.execute(
            SQL(Self.bulkInsert, arguments: Self.shared(job, nil, nil, at: now) + [.text(job.payload)]))
        guard inserted == count else {
            throw DatabaseError(.constraint, "Enqueueing \(count) jobs: \(inserted) were stored")
        }
        let last = transaction.lastInsertedRowID
        return (0..<count).map { JobID(rawValue: last - Int64(count - 1 - $0)) }
    }
}
