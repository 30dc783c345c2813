import LiteDB

/// The tables of the queue.
///
/// Each state that is searched has a partial index of its own, so that a claim costs the same beside a million
/// scheduled or finished jobs. `token` is the fencing token: it grows with every claim, release, rescue and
/// cancellation, and nothing is recorded about an attempt whose token is no longer the row's. There is no foreign key
/// from a job to its worker, because removing a worker would then scan all jobs.
///
/// The counts are kept by triggers, so that whoever changes a job, another language or the sqlite3 shell too, keeps
/// them right. Running jobs are not counted there: they are few, and found by their index.
///
/// `blocked` is for what later releases know: dependencies and limits.
///
/// A row can come from another language, so the table refuses what no worker could read, as far as it can: SQLite before
/// 3.42 takes no JSON function in a CHECK where the schema is not trusted (https://sqlite.org/pragma.html#pragma_trusted_schema).
enum JobSchema {
    static let tables = ComponentSchema(
        component: "jobs",
        steps: [
            .init(oldestUsable: 1, sql: first),
            .init(oldestUsable: 2, sql: make(jobs(isState: listed, isFinished: listedAsFinished))),
            // The same rows in the same columns: only the checks are quicker.
            .init(oldestUsable: 2, sql: make(jobs(isState: compared, isFinished: comparedAsFinished))),
        ])

    private static func make(_ jobs: String) -> String {
        putAway + jobs + history + control + counts + views + bringBack
    }

    private static let listed = """
        state IN (
                'scheduled', 'available', 'running', 'blocked', 'parked', 'completed', 'cancelled', 'dead')
        """
    private static let listedAsFinished = "state IN ('completed', 'cancelled', 'dead')"

    /// For a list of more than two SQLite makes a table in memory, for each statement anew, which took a third of an
    /// insert's time. Comparisons, the likeliest first, take next to none.
    private static let compared = """
        state = 'available' OR state = 'running' OR state = 'completed' OR state = 'scheduled' OR state = 'dead'
                OR state = 'cancelled' OR state = 'parked' OR state = 'blocked'
        """
    private static let comparedAsFinished = "state = 'completed' OR state = 'cancelled' OR state = 'dead'"

    /// The states in which a job keeps others of its like away. Stands in an index, so queries repeat it word for word.
    static let holdsKey = """
        (state IN ('scheduled', 'available', 'blocked', 'parked') OR state = 'running' AND unique_until = 'finished')
        """

    private static let now = "(CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER))"

    private static func jobs(isState: String, isFinished: String) -> String {
        """
        CREATE TABLE lite_jobs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            queue TEXT NOT NULL DEFAULT 'default' CHECK (queue <> ''),
            kind TEXT NOT NULL CHECK (kind <> ''),
            version INTEGER NOT NULL DEFAULT 1,
            priority INTEGER NOT NULL DEFAULT 0,
            state TEXT NOT NULL DEFAULT 'available' CHECK (\(isState)),
            reason TEXT,
            attempt INTEGER NOT NULL DEFAULT 0,
            maximum_attempts INTEGER NOT NULL DEFAULT 20,
            crashes INTEGER NOT NULL DEFAULT 0,
            token INTEGER NOT NULL DEFAULT 0,
            worker INTEGER,
            nonce INTEGER NOT NULL DEFAULT (random()),
            enqueued_at INTEGER NOT NULL DEFAULT \(now),
            run_at INTEGER NOT NULL DEFAULT \(now),
            started_at INTEGER,
            finished_at INTEGER,
            prune_at INTEGER,
            expires_at INTEGER,
            unique_key TEXT,
            unique_until TEXT CHECK (unique_until IN ('started', 'finished')),
            schedule TEXT,
            slot INTEGER,
            tags TEXT CHECK (tags LIKE '[%]'),
            metadata TEXT CHECK (metadata LIKE '{%}'),
            progress REAL,
            progress_message TEXT,
            output TEXT,
            payload ANY NOT NULL CHECK (typeof(payload) IN ('text', 'blob')),
            CHECK ((state = 'running') = (worker IS NOT NULL)),
            CHECK ((\(isFinished)) = (finished_at IS NOT NULL))
        ) STRICT;
        CREATE INDEX lite_jobs_available ON lite_jobs (queue, priority DESC, run_at, id)
        WHERE state = 'available';
        CREATE INDEX lite_jobs_scheduled ON lite_jobs (run_at) WHERE state = 'scheduled';
        CREATE INDEX lite_jobs_running ON lite_jobs (worker) WHERE state = 'running';
        CREATE INDEX lite_jobs_parked ON lite_jobs (kind, version) WHERE state = 'parked' AND reason <> 'pausedTag';
        CREATE INDEX lite_jobs_paused ON lite_jobs (id) WHERE state = 'parked' AND reason = 'pausedTag';
        CREATE INDEX lite_jobs_finished ON lite_jobs (state, prune_at) WHERE prune_at IS NOT NULL;
        CREATE UNIQUE INDEX lite_jobs_unique ON lite_jobs (unique_key)
        WHERE unique_key IS NOT NULL AND \(holdsKey);
        CREATE UNIQUE INDEX lite_jobs_slot ON lite_jobs (schedule, slot) WHERE schedule IS NOT NULL;

        """
    }

    private static let history = """
        CREATE TABLE lite_job_errors (
            job INTEGER NOT NULL REFERENCES lite_jobs (id) ON DELETE CASCADE,
            attempt INTEGER NOT NULL,
            happened_at INTEGER NOT NULL,
            message TEXT NOT NULL
        ) STRICT;
        CREATE INDEX lite_job_errors_job ON lite_job_errors (job);
        CREATE TABLE lite_job_steps (
            job INTEGER NOT NULL REFERENCES lite_jobs (id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            finished_at INTEGER NOT NULL,
            output TEXT NOT NULL,
            PRIMARY KEY (job, name)
        ) STRICT, WITHOUT ROWID;

        """

    private static let control = """
        CREATE TABLE lite_job_workers (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            uuid TEXT NOT NULL UNIQUE,
            pid INTEGER NOT NULL,
            queues TEXT NOT NULL,
            concurrency INTEGER NOT NULL,
            started_at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE IF NOT EXISTS lite_job_pauses (
            scope TEXT NOT NULL CHECK (scope IN ('all', 'queue', 'kind', 'tag')),
            name TEXT NOT NULL,
            paused_at INTEGER NOT NULL,
            PRIMARY KEY (scope, name)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS lite_job_locks (
            key TEXT PRIMARY KEY,
            job INTEGER NOT NULL,
            expires_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS lite_job_locks_expiry ON lite_job_locks (expires_at);
        CREATE TABLE IF NOT EXISTS lite_job_schedules (
            name TEXT PRIMARY KEY,
            timing TEXT NOT NULL,
            zone TEXT NOT NULL,
            catch_up INTEGER NOT NULL,
            is_code INTEGER NOT NULL,
            is_paused INTEGER NOT NULL DEFAULT 0,
            is_retired INTEGER NOT NULL DEFAULT 0,
            anchor INTEGER NOT NULL,
            last_slot INTEGER,
            next_at INTEGER,
            queue TEXT NOT NULL,
            kind TEXT NOT NULL,
            version INTEGER NOT NULL,
            priority INTEGER NOT NULL,
            maximum_attempts INTEGER NOT NULL,
            tags TEXT,
            payload TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS lite_job_schedules_next ON lite_job_schedules (next_at)
        WHERE is_paused = 0 AND is_retired = 0 AND next_at IS NOT NULL;

        """
}
