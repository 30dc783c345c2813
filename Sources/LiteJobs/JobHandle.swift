import LiteDB

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A job that was enqueued, and the way to its result.
public struct JobHandle<J: Job>: Sendable {
    /// Which job it is.
    public let id: JobID
    /// Whether one like it was there already, so that this is that one. See ``Uniqueness``.
    public let isDuplicate: Bool
    let jobs: JobQueue

    /// The job as it stands; nil if it was finished long ago and removed. One read.
    ///
    /// - Throws: `DatabaseError`.
    public func record() async throws -> JobRecord? {
        try await jobs.job(id)
    }

    /// Cancels the job. See ``JobQueue/cancel(_:)``.
    ///
    /// - Throws: `DatabaseError`.
    @discardableResult
    public func cancel() async throws -> Bool {
        try await jobs.cancel(id)
    }
}

extension JobHandle where J.Output: Codable {
    /// What the job's handler returned. Waits until the job is finished, in whatever process.
    ///
    /// Retries are waited for; limit it with a task that you cancel. Each commit that concerns jobs costs each who waits one
    /// read: let hundreds wait, not hundreds of thousands. A job that is not kept (see
    /// ``JobQueue/Configuration/completedRetention``) has no value.
    ///
    /// - Throws: `JobError` with `jobDead`, `jobCancelled` or `jobGone`; `CancellationError`; `DatabaseError`.
    public var value: J.Output {
        get async throws {
            guard let text = try await jobs.waitForEnd(of: id) else {
                throw JobError(
                    .jobGone,
                    "Waiting for job \(id): it completed without an output. It was completed by `complete { }`")
            }
            return try JSONDecoder().decode(J.Output.self, from: Data(text.utf8))
        }
    }
}

extension JobHandle where J.Output == Void {
    /// Waits until the job is completed, in whatever process.
    ///
    /// - Throws: `JobError` with `jobDead`, `jobCancelled` or `jobGone`; `CancellationError`; `DatabaseError`.
    public var value: Void {
        get async throws { _ = try await jobs.waitForEnd(of: id) }
    }
}

extension JobQueue {
    /// Waits until a job is finished, and gives its output's stored form.
    func waitForEnd(of id: JobID) async throws -> String? {
        for await _ in database.changes(in: ["lite_jobs"]) {
            guard let end = try database.read({ snapshot in try store.end(of: id, in: snapshot) }) else {
                throw JobError(
                    .jobGone,
                    "Waiting for job \(id): it is not there, or is finished and was removed. Keep finished jobs "
                        + "long enough by `completedRetention`")
            }
            switch end.state {
            case .completed: return end.output
            case .cancelled: throw JobError(.jobCancelled, "Waiting for job \(id): it was cancelled")
            case .dead:
                throw JobError(
                    .jobDead,
                    "Waiting for job \(id): it is dead (\(end.reason ?? "no reason")). Its errors are in the "
                        + "job's record")
            default: continue
            }
        }
        try Task.checkCancellation()
        throw DatabaseError(.closed, "Waiting for job \(id): the database was closed")
    }
}
