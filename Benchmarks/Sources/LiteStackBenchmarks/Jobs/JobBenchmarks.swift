import LiteDB
import LiteJobs

extension Benchmark {
    /// The suite `jobs`.
    static let jobs: [Benchmark] = [
        EnqueueRows.single, EnqueueRows.concurrent, EnqueueRows.bulk, ThroughputRows.full, ThroughputRows.normal,
        EndToEndRow.benchmark, WakeRows.full, WakeRows.normal, WakeRows.cross, ClaimFlatRow.benchmark,
        RescueRow.benchmark,
    ]
}

/// A job that does nothing.
struct Noop: Job {
    static let kind = "noop"
    /// Something that differs from job to job.
    var number: Int
    /// When it was enqueued, or zero.
    var at: UInt64 = 0
}

extension JobQueue.Configuration {
    /// Nothing that is done is kept.
    static var forgetting: Self {
        var configuration = Self()
        configuration.completedRetention = .zero
        return configuration
    }
}

/// A queue in a file of its own.
struct JobFile {
    let database: Database
    let queue: JobQueue

    init(
        in plan: Plan, _ configuration: Database.Configuration = .init(), _ jobs: JobQueue.Configuration = .forgetting
    ) async throws {
        var configuration = configuration
        configuration.slowWriteThreshold = .seconds(600)
        database = try await Database.open(at: plan.newPath("jobs.sqlite3"), configuration: configuration)
        queue = try await JobQueue(database, configuration: jobs)
    }

    /// The path of a file with the queue's tables, which nobody has open.
    static func empty(in plan: Plan) async throws -> String {
        let file = try await JobFile(in: plan)
        await file.database.close()
        return file.database.path
    }

    /// Fills the queue with jobs that do nothing.
    func fill(_ count: Int) async throws {
        for start in stride(from: 0, to: count, by: 5_000) {
            let jobs = (start..<min(start + 5_000, count)).map { Noop(number: $0) }
            try await queue.enqueue(contentsOf: jobs)
        }
    }
}
