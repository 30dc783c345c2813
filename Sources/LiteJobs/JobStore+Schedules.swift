import LiteDB

/// A schedule with what is needed to put its jobs into the queue.
struct StoredSchedule: Sendable {
    let name: String
    let timing: String
    let zone: String
    let catchUp: Int
    let anchor: Int64
    let lastSlot: Int64?
    let nextAt: Int64?
    let draft: JobDraft
    let tags: String?
}

/// The SQL of schedules.
extension JobStore {
    /// When the next schedule comes.
    func nextFire(in access: borrowing some ReadAccess & ~Copyable) throws -> Int64? {
        try access.first(Self.nextFireQuery, as: Int64?.self) ?? nil
    }

    static let nextFireQuery: SQL = """
        SELECT min(next_at)
        FROM lite_job_schedules
        WHERE is_paused = 0 AND is_retired = 0 AND next_at IS NOT NULL
        """

    private static let columns: SQL = """
        name, timing, zone, catch_up, anchor, last_slot, next_at, queue, kind, version, priority, maximum_attempts, tags,
        payload
        """

    /// The schedules that have come.
    func dueSchedules(at now: Int64, in access: borrowing some ReadAccess & ~Copyable) throws -> [StoredSchedule] {
        try access.all(
            """
            SELECT \(Self.columns)
            FROM lite_job_schedules
            WHERE is_paused = 0 AND is_retired = 0 AND next_at <= \(now)
            ORDER BY next_at
            """, Self.schedule)
    }

    func schedule(_ name: String, in access: borrowing some ReadAccess & ~Copyable) throws -> StoredSchedule? {
        try access.first("SELECT \(Self.columns) FROM lite_job_schedules WHERE name = \(name)", Self.schedule)
    }

    private static func schedule(_ row: borrowing Row) throws -> StoredSchedule {
        StoredSchedule(
            name: try row.text(0), timing: try row.text(1), zone: try row.text(2), catchUp: try row.get(3),
            anchor: try row.integer(4), lastSlot: try row.get(5), nextAt: try row.get(6),
            draft: JobDraft(
                kind: try row.text(8), version: try row.get(9), payload: try row.text(13), queue: try row.text(7),
                priority: try row.get(10), maximumAttemptCount: try row.get(11), runAt: nil, tags: []),
            tags: try row.get(12))
    }

    /// All schedules, by name.
    func schedules(in access: borrowing some ReadAccess & ~Copyable) throws -> [JobScheduleRecord] {
        try access.all(
            """
            SELECT name, timing, zone, catch_up, kind, queue, is_code, is_paused, is_retired, last_slot, next_at
            FROM lite_job_schedules
            ORDER BY name
            """
        ) { row in
            JobScheduleRecord(
                name: try row.text(0), timing: try row.text(1), zone: try row.text(2),
                catchUp: JobSchedule.CatchUp(stored: try row.get(3)), kind: try row.text(4), queue: try row.text(5),
                isFromCode: try row.get(6), isPaused: try row.get(7), isRetired: try row.get(8),
                lastSlot: try row.get(9), nextAt: try row.get(10))
        }
    }

    /// Stores a schedule, or changes the one of its name. A pause stays; the next time is reckoned anew if the timing
    /// has changed, or it was retired.
    func set(
        _ schedule: JobSchedule, _ draft: JobDraft, tags: String?, isFromCode: Bool, nextAt: Int64, at now: Int64,
        in transaction: borrowing Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO lite_job_schedules (
                name, timing, zone, catch_up, is_code, anchor, next_at, queue, kind, version, priority,
                maximum_attempts, tags, payload)
            VALUES (\(schedule.name), \(schedule.timing), \(schedule.zone), \(schedule.catchUp.stored), \(isFromCode),
                \(now), \(nextAt), \(draft.queue), \(draft.kind), \(draft.version), \(draft.priority),
                \(draft.maximumAttemptCount), \(tags), \(draft.payload))
            ON CONFLICT (name) DO UPDATE SET
                anchor = CASE WHEN timing = excluded.timing AND is_retired = 0 THEN anchor ELSE excluded.anchor END,
                next_at = CASE
                    WHEN timing = excluded.timing AND zone = excluded.zone AND is_retired = 0 AND next_at IS NOT NULL
                    THEN next_at ELSE excluded.next_at END,
                timing = excluded.timing, zone = excluded.zone, catch_up = excluded.catch_up, is_code = excluded.is_code,
                is_retired = 0, queue = excluded.queue, kind = excluded.kind, version = excluded.version,
                priority = excluded.priority, maximum_attempts = excluded.maximum_attempts, tags = excluded.tags,
                payload = excluded.payload
            """)
    }

    /// Retires what the code no longer declares.
    func retireSchedules(except names: [String], in transaction: borrowing Transaction) throws {
        try transaction.execute(
            """
            UPDATE lite_job_schedules
            SET is_retired = 1
            WHERE is_code = 1 AND is_retired = 0 AND name NOT IN (SELECT value FROM json_each(\(
                try JobHandlers.encode(names))))
            """)
    }

    /// Notes that a schedule has come. No time comes twice, also if the clock is put back: it only goes on.
    func advance(
        _ name: String, lastSlot: Int64?, nextAt: Int64?, in transaction: borrowing Transaction
    ) throws {
        try transaction.execute(
            """
            UPDATE lite_job_schedules
            SET last_slot = max(coalesce(last_slot, \(lastSlot)), coalesce(\(lastSlot), last_slot)), next_at = \(nextAt)
            WHERE name = \(name)
            """)
    }

    /// - Returns: False if there is no such schedule.
    func pauseSchedule(_ name: String, _ isPaused: Bool, in transaction: borrowing Transaction) throws -> Bool {
        try transaction.execute("UPDATE lite_job_schedules SET is_paused = \(isPaused) WHERE name = \(name)") == 1
    }

    /// - Returns: False if there is no such schedule.
    func removeSchedule(_ name: String, in transaction: borrowing Transaction) throws -> Bool {
        try transaction.execute("DELETE FROM lite_job_schedules WHERE name = \(name)") == 1
    }
}
