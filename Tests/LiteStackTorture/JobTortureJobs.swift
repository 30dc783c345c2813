import LiteDB
import LiteJobs

/// The tables and jobs of the torture of the queue.
enum JobTortureJobs {
    /// `effects` holds what completions write, `outcomes` every time that a job became completed, `runs` what handlers
    /// did outside of their completion.
    static let tables = """
        CREATE TABLE effects (job INTEGER NOT NULL, amount INTEGER NOT NULL) STRICT;
        CREATE TABLE steps (job INTEGER NOT NULL) STRICT;
        CREATE TABLE outcomes (job INTEGER NOT NULL) STRICT;
        CREATE TRIGGER torture_completed AFTER UPDATE OF state ON lite_jobs WHEN NEW.state = 'completed' BEGIN
            INSERT INTO outcomes (job) VALUES (NEW.id);
        END;
        """

    static var configuration: JobQueue.Configuration {
        var configuration = JobQueue.Configuration()
        // It is the workers that are at fault here, not the jobs.
        configuration.maximumCrashCount = 1_000_000
        return configuration
    }
}

/// Writes an effect with its completion, and sometimes enqueues another with it.
struct Transfer: Job {
    static let kind = "transfer"
    static let retryPolicy = RetryPolicy.constant(maximumAttemptCount: 1_000_000, delay: .milliseconds(20))
    var amount: Int
    var followerCount: Int
}

/// Does a step, then returns; throws now and then.
struct Chore: Job {
    static let kind = "chore"
    static let retryPolicy = RetryPolicy.constant(maximumAttemptCount: 1_000_000, delay: .milliseconds(20))
    var amount: Int
}
