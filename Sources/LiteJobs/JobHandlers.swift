#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a worker does for each kind of job.
public struct JobHandlers: Sendable {
    /// One kind, without its type.
    struct Handler: Sendable {
        let version: Int
        let retryPolicy: RetryPolicy
        let timeout: Duration?
        let completedRetention: Duration?
        /// Runs the job, and gives the stored form of its output.
        let run: @Sendable (ClaimedJob, JobContext) async throws -> String?
    }

    /// The stored form is not what the type's decoder expects.
    struct Undecodable: Error {
        let underlying: any Error
    }

    private(set) var byKind: [String: Handler] = [:]

    /// Says what to do for jobs of a type.
    ///
    /// The handler's task is cancelled when the worker has to stop, the job was cancelled, or it took longer than the
    /// type's ``Job/timeout``. A handler that returns has done the job; one that throws is tried again as the type's
    /// ``Job/retryPolicy`` says, or as a ``Discard``, ``Retry`` or ``Snooze`` that it throws.
    ///
    /// - Precondition: No other handler has the same ``Job/kind`` or one of its ``Job/aliases``.
    public mutating func handle<J: Job>(
        _ type: J.Type, _ body: @escaping @Sendable (J, JobContext) async throws -> Void
    ) where J.Output == Void {
        add(type) { job, context in
            try await body(try Self.decode(job), context)
            return nil
        }
    }

    /// Says what to do for jobs of a type with an output, which is stored with the job. See `handle`.
    ///
    /// - Precondition: As there.
    public mutating func handle<J: Job>(
        _ type: J.Type, _ body: @escaping @Sendable (J, JobContext) async throws -> J.Output
    ) where J.Output: Codable {
        add(type) { job, context in
            let output = try await body(try Self.decode(job), context)
            return try context.isCompleted ? nil : Self.encode(output)
        }
    }

    /// Lets jobs of a type run themselves. See `handle`.
    ///
    /// - Precondition: As there.
    public mutating func handle<J: RunnableJob>(_ type: J.Type) where J.Output == Void {
        handle(type) { job, context in try await job.run(in: context) }
    }

    /// Lets jobs of a type with an output run themselves. See `handle`.
    ///
    /// - Precondition: As there.
    public mutating func handle<J: RunnableJob>(_ type: J.Type) where J.Output: Codable {
        handle(type) { job, context in try await job.run(in: context) }
    }

    var kinds: KnownKinds {
        KnownKinds(byKind.mapValues(\.version))
    }

    private mutating func add<J: Job>(
        _ type: J.Type, _ run: @escaping @Sendable (ClaimedJob, JobContext) async throws -> String?
    ) {
        for kind in [J.kind] + J.aliases {
            precondition(byKind[kind] == nil, "two handlers for jobs of the kind \"\(kind)\"")
            byKind[kind] = Handler(
                version: J.version, retryPolicy: J.retryPolicy, timeout: J.timeout,
                completedRetention: J.completedRetention, run: run)
        }
    }

    private static func decode<J: Job>(_ job: ClaimedJob) throws -> J {
        do {
            if job.version < J.version { return try J.migrate(from: job.version, job.payload) }
            return try JSONDecoder().decode(J.self, from: job.payload)
        } catch {
            throw Undecodable(underlying: error)
        }
    }

    static func encode(_ output: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(output), as: UTF8.self)
    }
}
