extension JobSchema {
    static let counts = """
        CREATE TABLE lite_job_counts (
            queue TEXT NOT NULL,
            kind TEXT NOT NULL,
            state TEXT NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (queue, kind, state)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER lite_jobs_inserted AFTER INSERT ON lite_jobs WHEN NEW.state <> 'running' BEGIN
            INSERT INTO lite_job_counts (queue, kind, state, count) VALUES (NEW.queue, NEW.kind, NEW.state, 1)
            ON CONFLICT (queue, kind, state) DO UPDATE SET count = count + 1;
        END;
        CREATE TRIGGER lite_jobs_left AFTER UPDATE OF state, queue, kind ON lite_jobs
        WHEN OLD.state <> 'running'
            AND (OLD.state <> NEW.state OR OLD.queue <> NEW.queue OR OLD.kind <> NEW.kind) BEGIN
            UPDATE lite_job_counts SET count = count - 1
            WHERE queue = OLD.queue AND kind = OLD.kind AND state = OLD.state;
        END;
        CREATE TRIGGER lite_jobs_entered AFTER UPDATE OF state, queue, kind ON lite_jobs
        WHEN NEW.state <> 'running'
            AND (OLD.state <> NEW.state OR OLD.queue <> NEW.queue OR OLD.kind <> NEW.kind) BEGIN
            INSERT INTO lite_job_counts (queue, kind, state, count) VALUES (NEW.queue, NEW.kind, NEW.state, 1)
            ON CONFLICT (queue, kind, state) DO UPDATE SET count = count + 1;
        END;
        CREATE TRIGGER lite_jobs_deleted AFTER DELETE ON lite_jobs WHEN OLD.state <> 'running' BEGIN
            UPDATE lite_job_counts SET count = count - 1
            WHERE queue = OLD.queue AND kind = OLD.kind AND state = OLD.state;
        END;

        """

    /// For the sqlite3 shell: times as text, and what is asked at three in the morning.
    static let views = """
        CREATE VIEW lite_job_overview AS
        SELECT id, queue, kind, version, priority, state, reason, attempt, maximum_attempts, crashes,
            datetime(enqueued_at / 1000, 'unixepoch') AS enqueued,
            datetime(run_at / 1000, 'unixepoch') AS due,
            datetime(started_at / 1000, 'unixepoch') AS started,
            datetime(finished_at / 1000, 'unixepoch') AS finished,
            schedule, tags, progress, progress_message, worker,
            (SELECT message FROM lite_job_errors WHERE job = lite_jobs.id ORDER BY rowid DESC LIMIT 1) AS last_error,
            CAST(payload AS TEXT) AS payload
        FROM lite_jobs;
        CREATE VIEW lite_job_depth AS
        SELECT queue, kind, state, count
        FROM lite_job_counts
        WHERE count > 0
        UNION ALL
        SELECT queue, kind, 'running', count(*)
        FROM lite_jobs
        WHERE state = 'running'
        GROUP BY queue, kind;
        CREATE VIEW lite_job_failures AS
        SELECT lite_jobs.id, lite_jobs.queue, lite_jobs.kind, lite_jobs.state, lite_jobs.reason,
            lite_job_errors.attempt, datetime(lite_job_errors.happened_at / 1000, 'unixepoch') AS happened,
            lite_job_errors.message
        FROM lite_job_errors JOIN lite_jobs ON lite_jobs.id = lite_job_errors.job;
        CREATE VIEW lite_job_timetable AS
        SELECT name, timing, zone, kind, queue, is_paused, is_retired,
            datetime(last_slot / 1000, 'unixepoch') AS last, datetime(next_at / 1000, 'unixepoch') AS next
        FROM lite_job_schedules;
        CREATE VIEW lite_job_running AS
        SELECT lite_jobs.id, lite_jobs.kind, lite_jobs.queue, lite_jobs.attempt,
            datetime(lite_jobs.started_at / 1000, 'unixepoch') AS started, lite_jobs.progress,
            lite_jobs.progress_message, lite_job_workers.pid, lite_job_workers.uuid
        FROM lite_jobs JOIN lite_job_workers ON lite_job_workers.id = lite_jobs.worker
        WHERE lite_jobs.state = 'running';
        """
}
