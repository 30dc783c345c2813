import LiteDB

extension JobTortureReport {
    /// The jobs that no completion and no schedule enqueued.
    static let roots: SQL =
        "SELECT id FROM lite_jobs WHERE schedule IS NULL AND json_extract(payload, '$.parent') IS NULL"

    /// Counts of what must not be, once all jobs are finished.
    static var queries: [(fault: String, sql: SQL)] {
        let limit = JobTortureJobs.crashLimit
        return [
            (
                "without their due end",
                """
                SELECT count(*)
                FROM lite_jobs
                WHERE NOT CASE state
                    WHEN 'completed' THEN kind <> 'poison' AND crashes < \(limit)
                    WHEN 'cancelled' THEN crashes < \(limit)
                    WHEN 'dead' THEN reason = 'crashed' AND crashes = \(limit)
                    ELSE 0 END
                """
            ),
            (
                "finished twice",
                """
                SELECT count(*)
                FROM lite_jobs
                LEFT JOIN (SELECT job, count(*) AS count FROM outcomes GROUP BY job) AS made ON made.job = lite_jobs.id
                WHERE made.count IS NOT 1
                """
            ),
            (
                "wrong effects",
                """
                SELECT count(*)
                FROM lite_jobs
                LEFT JOIN (SELECT job, count(*) AS count, sum(amount) AS amount FROM effects GROUP BY job) AS made
                    ON made.job = lite_jobs.id
                WHERE coalesce(made.count, 0) <> (kind IN ('transfer', 'tick') AND state = 'completed')
                    OR made.amount <> json_extract(payload, '$.amount')
                """
            ),
            (
                "wrong steps",
                """
                SELECT count(*)
                FROM lite_jobs
                LEFT JOIN (SELECT job, count(*) AS count FROM steps GROUP BY job) AS made ON made.job = lite_jobs.id
                WHERE made.count > (kind = 'chore') OR kind = 'chore' AND state = 'completed' AND made.count IS NOT 1
                """
            ),
            (
                "effects of nobody",
                """
                SELECT (SELECT count(*) FROM effects WHERE job NOT IN (SELECT id FROM lite_jobs))
                    + (SELECT count(*) FROM steps WHERE job NOT IN (SELECT id FROM lite_jobs))
                """
            ),
            (
                "enqueued twice",
                """
                SELECT count(*)
                FROM (
                    SELECT 1
                    FROM lite_jobs
                    WHERE json_extract(payload, '$.serial') IS NOT NULL
                    GROUP BY json_extract(payload, '$.serial')
                    HAVING count(*) > 1)
                """
            ),
            ("wrong followers", followers), ("wrong attempts", attempts),
            (
                "errors of one attempt twice",
                "SELECT count(*) FROM (SELECT 1 FROM lite_job_errors GROUP BY job, attempt HAVING count(*) > 1)"
            ),
            (
                "seconds without their tick",
                "SELECT coalesce((max(slot) - min(slot)) / 1000 + 1 - count(*), 0) FROM lite_jobs WHERE slot IS NOT NULL"
            ), ("wrong counts", counts),
        ]
    }

    /// Each completion has enqueued what it had to, and nothing else has.
    private static let followers: SQL = """
        WITH made AS (
            -- The cast gives the column an affinity, without which no index is made for the join.
            SELECT CAST(json_extract(payload, '$.parent') AS INTEGER) AS parent, count(*) AS count,
                count(DISTINCT json_extract(payload, '$.amount')) AS different
            FROM lite_jobs
            WHERE json_extract(payload, '$.parent') IS NOT NULL
            GROUP BY 1)
        SELECT (
            SELECT count(*)
            FROM lite_jobs
            LEFT JOIN made ON made.parent = lite_jobs.id
            WHERE coalesce(made.count, 0)
                    <> iif(state = 'completed', coalesce(json_extract(payload, '$.followerCount'), 0), 0)
                OR made.different <> made.count)
            + (SELECT count(*) FROM made WHERE parent NOT IN (SELECT id FROM lite_jobs))
        """

    /// Each attempt has an error, except the one that completed the job or was cancelled; each crash has its own.
    private static let attempts: SQL = """
        SELECT count(*)
        FROM lite_jobs
        LEFT JOIN (
            SELECT job, count(*) AS count, sum(message LIKE 'The worker died%') AS crashes
            FROM lite_job_errors
            GROUP BY job) AS noted ON noted.job = lite_jobs.id
        WHERE coalesce(noted.crashes, 0) <> lite_jobs.crashes
            OR CASE state
                WHEN 'cancelled' THEN attempt - coalesce(noted.count, 0) NOT IN (0, 1)
                ELSE attempt <> coalesce(noted.count, 0) + (state = 'completed') END
        """

    private static let counts: SQL = """
        SELECT count(*)
        FROM (SELECT queue, kind, state, count(*) AS count FROM lite_jobs GROUP BY queue, kind, state) AS present
        FULL JOIN (SELECT * FROM lite_job_counts WHERE count <> 0) AS kept USING (queue, kind, state)
        WHERE present.count IS NOT kept.count
        """
}
