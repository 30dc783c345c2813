import LiteDB

/// What came of the kills of workers.
struct JobTortureReport {
    var killCount = 0
    var jobCount = 0
    /// Times that a worker died while it ran a job.
    var crashCount = 0
    /// Jobs whose enqueueing had returned and that are not there, or that are not completed.
    var lostCount = 0
    /// Jobs that became completed more than once.
    var doubleCount = 0
    /// Jobs whose effect is there more or less than once, or with another amount.
    var wrongEffectCount = 0
    /// Counts that are not what is there.
    var wrongCountCount = 0
    var integrity = "ok"

    init() {}

    init(of enqueued: Set<Int64>, in snapshot: borrowing Snapshot) throws {
        func count(_ sql: SQL) throws -> Int { try snapshot.first(sql, as: Int.self) ?? 0 }
        jobCount = try count("SELECT count(*) FROM lite_jobs")
        crashCount = try count("SELECT coalesce(sum(crashes), 0) FROM lite_jobs")
        let completed = Set(
            try snapshot.all("SELECT id FROM lite_jobs WHERE state = 'completed'", as: Int64.self))
        lostCount = enqueued.subtracting(completed).count + jobCount - completed.count
        doubleCount = try count(
            "SELECT count(*) FROM (SELECT job FROM outcomes GROUP BY job HAVING count(*) <> 1)")
        wrongEffectCount =
            try count(
                """
                SELECT count(*)
                FROM lite_jobs
                LEFT JOIN (SELECT job, count(*) AS count, sum(amount) AS amount FROM effects GROUP BY job) AS made
                    ON made.job = lite_jobs.id
                WHERE kind = 'transfer'
                    AND (made.count IS NOT 1 OR made.amount IS NOT json_extract(payload, '$.amount'))
                """)
            + count(
                """
                SELECT count(*)
                FROM lite_jobs
                LEFT JOIN (SELECT job, count(*) AS count FROM steps GROUP BY job) AS made ON made.job = lite_jobs.id
                WHERE kind = 'chore' AND made.count IS NOT 1
                """)
            + count("SELECT count(*) FROM effects WHERE job NOT IN (SELECT id FROM lite_jobs)")
        wrongCountCount = try count(
            """
            SELECT count(*)
            FROM (SELECT queue, kind, state, count(*) AS count FROM lite_jobs GROUP BY queue, kind, state) AS present
            FULL JOIN (SELECT * FROM lite_job_counts WHERE count <> 0) AS kept USING (queue, kind, state)
            WHERE present.count IS NOT kept.count
            """)
        integrity = try snapshot.first("PRAGMA integrity_check", as: String.self) ?? "no answer"
    }

    mutating func add(_ other: JobTortureReport) {
        jobCount += other.jobCount
        crashCount += other.crashCount
        lostCount += other.lostCount
        doubleCount += other.doubleCount
        wrongEffectCount += other.wrongEffectCount
        wrongCountCount += other.wrongCountCount
        if other.integrity != "ok" { integrity = other.integrity }
    }

    var isGood: Bool {
        lostCount == 0 && doubleCount == 0 && wrongEffectCount == 0 && wrongCountCount == 0 && integrity == "ok"
    }

    var text: String {
        "\(killCount) kills, \(jobCount) jobs, \(crashCount) attempts cut off, \(lostCount) lost, \(doubleCount) recorded "
            + "twice, \(wrongEffectCount) wrong effects, \(wrongCountCount) wrong counts, integrity \(integrity)"
    }
}
