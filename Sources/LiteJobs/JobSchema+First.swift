extension JobSchema {
    /// The tables as the first step made them. Files of that form are in use: it stays as it is.
    static let first = """
        CREATE TABLE lite_jobs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            queue TEXT NOT NULL,
            kind TEXT NOT NULL,
            version INTEGER NOT NULL,
            priority INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN (
                'scheduled', 'available', 'running', 'parked', 'completed', 'cancelled', 'dead')),
            reason TEXT,
            payload BLOB NOT NULL,
            attempt INTEGER NOT NULL DEFAULT 0,
            maximum_attempts INTEGER NOT NULL,
            crashes INTEGER NOT NULL DEFAULT 0,
            token INTEGER NOT NULL DEFAULT 0,
            worker INTEGER,
            enqueued_at INTEGER NOT NULL,
            run_at INTEGER NOT NULL,
            started_at INTEGER,
            finished_at INTEGER,
            CHECK ((state = 'running') = (worker IS NOT NULL)),
            CHECK ((state IN ('completed', 'cancelled', 'dead')) = (finished_at IS NOT NULL))
        ) STRICT;
        CREATE INDEX lite_jobs_available ON lite_jobs (queue, priority DESC, id) WHERE state = 'available';
        CREATE INDEX lite_jobs_scheduled ON lite_jobs (run_at) WHERE state = 'scheduled';
        CREATE INDEX lite_jobs_running ON lite_jobs (worker) WHERE state = 'running';
        CREATE INDEX lite_jobs_parked ON lite_jobs (kind, version) WHERE state = 'parked';
        CREATE INDEX lite_jobs_finished ON lite_jobs (state, finished_at)
        WHERE finished_at IS NOT NULL;
        CREATE TABLE lite_job_errors (
            job INTEGER NOT NULL REFERENCES lite_jobs (id) ON DELETE CASCADE,
            attempt INTEGER NOT NULL,
            happened_at INTEGER NOT NULL,
            message TEXT NOT NULL
        ) STRICT;
        CREATE INDEX lite_job_errors_job ON lite_job_errors (job);
        CREATE TABLE lite_job_workers (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            uuid TEXT NOT NULL UNIQUE,
            pid INTEGER NOT NULL,
            started_at INTEGER NOT NULL
        ) STRICT;
        """
}
