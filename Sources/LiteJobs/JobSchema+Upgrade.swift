extension JobSchema {
    /// Lays the rows of files of the first step aside. There are two forms of them, one with tables and columns that the
    /// other lacks: development changed the first step in place.
    ///
    /// Dropping a table deletes its rows first, and those of tables that refer to it: they go before.
    static let putAway = """
        DROP VIEW IF EXISTS lite_job_overview;
        DROP VIEW IF EXISTS lite_job_depth;
        DROP VIEW IF EXISTS lite_job_failures;
        DROP VIEW IF EXISTS lite_job_timetable;
        DROP VIEW IF EXISTS lite_job_running;
        DROP TABLE IF EXISTS lite_job_counts;
        CREATE TABLE IF NOT EXISTS lite_job_steps (job INTEGER, name TEXT, finished_at INTEGER, output TEXT);
        CREATE TABLE lite_old_sequence AS SELECT name, seq FROM sqlite_sequence WHERE name LIKE 'lite_job%';
        CREATE TABLE lite_old_steps AS SELECT job, name, finished_at, output FROM lite_job_steps;
        CREATE TABLE lite_old_errors AS SELECT job, attempt, happened_at, message FROM lite_job_errors;
        CREATE TABLE lite_old_workers AS SELECT * FROM lite_job_workers;
        CREATE TABLE lite_old_jobs AS SELECT * FROM lite_jobs;
        CREATE UNIQUE INDEX lite_old_jobs_id ON lite_old_jobs (id);
        DROP TABLE lite_job_steps;
        DROP TABLE lite_job_errors;
        DROP TABLE lite_job_workers;
        DROP TABLE lite_jobs;

        """

    /// Brings the rows back.
    ///
    /// A name that the inner query's table lacks means the outer one's column of that name, its default: so one statement
    /// reads both forms. A payload that the table now refuses becomes text.
    static let bringBack = """
        ;
        INSERT INTO lite_jobs (
            id, queue, kind, version, priority, state, reason, attempt, maximum_attempts, crashes, token, worker,
            enqueued_at, run_at, started_at, finished_at, payload, nonce, prune_at, expires_at, unique_key, unique_until,
            schedule, slot, tags, metadata, progress, progress_message, output)
        SELECT number, queue, kind, version, priority, state, reason, attempt, maximum_attempts, crashes, token, worker,
            enqueued_at, run_at, started_at, finished_at,
            CASE WHEN typeof(payload) IN ('text', 'blob') THEN payload ELSE CAST(payload AS TEXT) END,
            (SELECT nonce FROM lite_old_jobs AS old WHERE old.id = number),
            (SELECT prune_at FROM lite_old_jobs AS old WHERE old.id = number),
            (SELECT expires_at FROM lite_old_jobs AS old WHERE old.id = number),
            (SELECT unique_key FROM lite_old_jobs AS old WHERE old.id = number),
            (SELECT unique_until FROM lite_old_jobs AS old WHERE old.id = number),
            (SELECT schedule FROM lite_old_jobs AS old WHERE old.id = number),
            (SELECT slot FROM lite_old_jobs AS old WHERE old.id = number),
            (SELECT tags FROM lite_old_jobs AS old WHERE old.id = number),
            (SELECT metadata FROM lite_old_jobs AS old WHERE old.id = number),
            (SELECT progress FROM lite_old_jobs AS old WHERE old.id = number),
            (SELECT progress_message FROM lite_old_jobs AS old WHERE old.id = number),
            (SELECT output FROM lite_old_jobs AS old WHERE old.id = number)
        FROM (
            SELECT id AS number, queue, kind, version, priority, state, reason, attempt, maximum_attempts, crashes, token,
                worker, enqueued_at, run_at, started_at, finished_at, payload, random() AS nonce,
                finished_at + 2592000000 AS prune_at, NULL AS expires_at, NULL AS unique_key, NULL AS unique_until,
                NULL AS schedule, NULL AS slot, NULL AS tags, NULL AS metadata, NULL AS progress,
                NULL AS progress_message, NULL AS output
            FROM lite_old_jobs);
        INSERT INTO lite_job_errors (job, attempt, happened_at, message)
        SELECT job, attempt, happened_at, message FROM lite_old_errors ORDER BY rowid;
        INSERT INTO lite_job_steps (job, name, finished_at, output)
        SELECT job, name, finished_at, output FROM lite_old_steps;
        INSERT INTO lite_job_workers (id, uuid, pid, queues, concurrency, started_at)
        SELECT number, uuid, pid, (SELECT queues FROM lite_old_workers AS old WHERE old.id = number),
            (SELECT concurrency FROM lite_old_workers AS old WHERE old.id = number), started_at
        FROM (SELECT id AS number, uuid, pid, 'default' AS queues, 1 AS concurrency, started_at FROM lite_old_workers);
        DELETE FROM sqlite_sequence WHERE name IN (SELECT name FROM lite_old_sequence);
        INSERT INTO sqlite_sequence (name, seq) SELECT name, seq FROM lite_old_sequence;
        DROP TABLE lite_old_jobs;
        DROP TABLE lite_old_errors;
        DROP TABLE lite_old_steps;
        DROP TABLE lite_old_workers;
        DROP TABLE lite_old_sequence;
        """
}
