import LiteDB

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The SQL of looking at jobs.
extension JobStore {
    private static let recordColumns: SQL = """
        id, kind, version, queue, priority, state, reason, attempt, maximum_attempts, crashes, enqueued_at, run_at,
        started_at, finished_at, expires_at, schedule, slot, tags, progress, progress_message, output, payload
        """

    /// The job with its failed attempts.
    func job(_ id: JobID, in access: borrowing some ReadAccess & ~Copyable) throws -> JobRecord? {
        let found = try access.first(
            "SELECT \(Self.recordColumns) FROM lite_jobs WHERE id = \(id.rawValue)", Self.record)
        guard var found else { return nil }
        found.errors = try errors(of: id, in: access)
        return found
    }

    /// The jobs that a filter lets through, the newest first, with their failed attempts.
    func jobs(_ filter: JobFilter, in access: borrowing some ReadAccess & ~Copyable) throws -> [JobRecord] {
        var found = try access.all(
            """
            SELECT \(Self.recordColumns)
            FROM lite_jobs
            WHERE \(Self.condition(filter))
            ORDER BY id DESC
            LIMIT \(max(filter.limit, 0))
            """, Self.record)
        for index in found.indices where found[index].mayHaveErrors {
            found[index].errors = try errors(of: found[index].id, in: access)
        }
        return found
    }

    private func errors(
        of id: JobID, in access: borrowing some ReadAccess & ~Copyable
    ) throws -> [JobRecord.Failure] {
        try access.all(
            """
            SELECT attempt, happened_at, message
            FROM lite_job_errors
            WHERE job = \(id.rawValue)
            ORDER BY rowid
            """
        ) { row in
            JobRecord.Failure(attempt: try row.get(0), happenedAt: try row.get(1), message: try row.text(2))
        }
    }

    private static func record(_ row: borrowing Row) throws -> JobRecord {
        JobRecord(
            id: JobID(rawValue: try row.integer(0)), kind: try row.text(1), version: try row.get(2),
            queue: try row.text(3), priority: try row.get(4),
            state: JobRecord.State(rawValue: try row.text(5)) ?? .unknown,
            reason: (try row.get(6, as: String?.self)).map { .init(rawValue: $0) },
            attempt: try row.get(7), maximumAttemptCount: try row.get(8), crashCount: try row.get(9),
            enqueuedAt: try row.get(10), runAt: try row.get(11), startedAt: try row.get(12),
            finishedAt: try row.get(13), expiresAt: try row.get(14), schedule: try row.get(15),
            scheduledFor: try row.get(16), tags: tags(try row.get(17, as: String?.self)) ?? [],
            progress: try row.get(18), progressMessage: try row.get(19), output: try row.get(20),
            payload: payload(row, 21) ?? Data())
    }

    /// The tags of a job; nil if another language stored what is no array of texts.
    static func tags(_ text: String?) -> [String]? {
        guard let text else { return [] }
        return try? JSONDecoder().decode([String].self, from: Data(text.utf8))  // that it cannot is the answer
    }

    /// How a job ended, or stands now.
    func end(
        of id: JobID, in access: borrowing some ReadAccess & ~Copyable
    ) throws -> (state: JobRecord.State, reason: String?, output: String?)? {
        try access.first("SELECT state, reason, output FROM lite_jobs WHERE id = \(id.rawValue)") { row in
            (JobRecord.State(rawValue: try row.text(0)) ?? .unknown, try row.get(1), try row.get(2))
        }
    }

    /// What a filter asks for.
    static func condition(_ filter: JobFilter) -> SQL {
        var parts: [SQL] = ["TRUE"]
        if let states = filter.states { parts.append("state IN (\(list: states.map(\.rawValue).sorted()))") }
        if let kinds = filter.kinds { parts.append("kind IN (\(list: kinds.sorted()))") }
        if let queue = filter.queue { parts.append("queue = \(queue)") }
        if let reason = filter.reason { parts.append("reason = \(reason.description)") }
        if let schedule = filter.schedule { parts.append("schedule = \(schedule)") }
        if let tag = filter.tag {
            parts.append(
                """
                EXISTS (
                    SELECT 1
                    FROM json_each(CASE WHEN json_valid(lite_jobs.tags) THEN lite_jobs.tags ELSE '[]' END) AS tag
                    WHERE tag.value = \(tag))
                """)
        }
        if let text = filter.errorContains {
            parts.append(
                "EXISTS (SELECT 1 FROM lite_job_errors WHERE job = lite_jobs.id AND instr(message, \(text)) > 0)")
        }
        if let time = filter.enqueuedAfter { parts.append("enqueued_at > \(time)") }
        if let time = filter.finishedAfter { parts.append("finished_at > \(time)") }
        if let time = filter.finishedBefore { parts.append("finished_at < \(time)") }
        if let id = filter.before { parts.append("id < \(id.rawValue)") }
        return parts.dropFirst().reduce(parts[0]) { "\($0) AND \($1)" }
    }

    // MARK: Statistics

    /// How many jobs of each queue, kind and state there are. No row of a job is read, but for the running ones.
    func counts(in access: borrowing some ReadAccess & ~Copyable) throws -> [JobStatistics.Count] {
        try access.all("SELECT queue, kind, state, count FROM lite_job_depth ORDER BY queue, kind, state") { row in
            JobStatistics.Count(
                queue: try row.text(0), kind: try row.text(1),
                state: JobRecord.State(rawValue: try row.text(2)) ?? .unknown, count: try row.get(3))
        }
    }

    /// When the job of a queue that has waited longest for a worker became due. One seek for each priority in use.
    func oldestAvailable(in queue: String, _ access: borrowing some ReadAccess & ~Copyable) throws -> Int64? {
        try access.first(Self.heads(of: queue)) { row in try row.get(1, as: Int64?.self) } ?? nil
    }

    /// The job of each priority in a queue that has been due for longest, the longest of all first.
    static func heads(of queue: String) -> SQL {
        """
        WITH RECURSIVE level (priority) AS (
            SELECT max(priority) FROM lite_jobs WHERE state = 'available' AND queue = \(queue)
            UNION ALL
            SELECT (
                SELECT max(priority) FROM lite_jobs
                WHERE state = 'available' AND queue = \(queue) AND priority < level.priority)
            FROM level
            WHERE level.priority IS NOT NULL
        ), head (id) AS (
            SELECT (
                SELECT id FROM lite_jobs
                WHERE state = 'available' AND queue = \(queue) AND priority = level.priority
                ORDER BY run_at, id
                LIMIT 1)
            FROM level
            WHERE level.priority IS NOT NULL
        )
        SELECT id, (SELECT run_at FROM lite_jobs WHERE lite_jobs.id = head.id) AS due
        FROM head
        ORDER BY due
        """
    }
}
