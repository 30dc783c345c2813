import Foundation
import LiteDB
import LiteJobs
import LiteStackTesting
import Logging
import ServiceLifecycle

/// A job that says what it is.
struct Note: Job, Equatable {
    static let kind = "note"
    static let retryPolicy = RetryPolicy.constant(maximumAttemptCount: 3, delay: .seconds(10))
    var text = ""
}

/// A job that is tried once.
struct OnceOnly: Job {
    static let kind = "once-only"
    static let retryPolicy = RetryPolicy.never
}

/// An error that a handler throws.
struct Broken: Error, CustomStringConvertible {
    var description = "the ink is dry"
}

/// What is logged is not looked at.
let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// Time that passes only when the test says so, by the clock and by the calendar.
struct TestTime: Sendable {
    let clock = TestClock()
    static let start = Date(timeIntervalSince1970: 1_800_000_000)

    var configuration: JobQueue.Configuration {
        var configuration = JobQueue.Configuration()
        let clock = clock
        configuration.clock = clock
        configuration.now = { Self.start + clock.now.offset / .seconds(1) }
        return configuration
    }

    /// Moves on after the worker's clockwork has gone to sleep.
    func advance(by duration: Duration) async throws {
        try await clock.waitForSleepers()
        clock.advance(by: duration)
    }
}

/// Runs `body` with a queue in a database of its own, without an fsync for each job.
@discardableResult
func withJobs<T>(
    _ configuration: JobQueue.Configuration = .init(), _ body: (JobQueue, Database) async throws -> T
) async throws -> T {
    var settings = Database.Configuration()
    settings.durability = .normal
    return try await withTemporaryDatabase(settings) { database in
        try await body(try await JobQueue(database, configuration: configuration, logger: silent), database)
    }
}

/// Runs `body` beside a worker, which is cancelled afterwards.
@discardableResult
func running<T>(_ worker: Worker, _ body: () async throws -> T) async throws -> T {
    let run = Task { try await worker.run() }
    do {
        let value = try await body()
        run.cancel()
        try await run.value
        return value
    } catch {
        run.cancel()
        try await run.value
        throw error
    }
}

extension JobQueue {
    /// Waits until the job is in one of these states, and gives it back.
    func job(_ id: JobID, reaches states: JobRecord.State...) async throws -> JobRecord {
        try await job(id, reaches: states)
    }

    func job(_ id: JobID, reaches states: [JobRecord.State]) async throws -> JobRecord {
        try await eventually("job \(id) in \(states)") {
            guard let job = try await job(id) else { return false }
            return states.contains(job.state)
        }
        guard let job = try await job(id) else { throw Broken(description: "the job is gone") }
        return job
    }
}

/// A service group that a test shuts down.
func group(_ service: some Service) -> ServiceGroup {
    ServiceGroup(services: [service], logger: silent)
}

/// Tests go from what was enqueued to what became of it all the time.
extension JobQueue {
    func job<J>(_ handle: JobHandle<J>, reaches states: JobRecord.State...) async throws -> JobRecord {
        try await job(handle.id, reaches: states)
    }

    func job<J>(_ handle: JobHandle<J>) async throws -> JobRecord? {
        try await job(handle.id)
    }

    @discardableResult
    func cancel<J>(_ handle: JobHandle<J>) async throws -> Bool {
        try await cancel(handle.id)
    }

    @discardableResult
    func retry<J>(_ handle: JobHandle<J>) async throws -> Bool {
        try await retry(handle.id)
    }
}
