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
        let run: @Sendable ([UInt8], JobContext) async throws -> Void
    }

    /// The stored form is not what the type's decoder expects.
    struct Undecodable: Error {
        let underlying: any Error
    }

    private(set) var byKind: [String: Handler] = [:]

    /// Says what to do for jobs of a type.
    ///
    /// The handler's task is cancelled when the worker has to stop, or the job was cancelled. A handler that returns
    /// has done the job; one that throws is tried again as the type's ``Job/retryPolicy`` says, or as a
    /// ``JobDirective`` that it throws.
    ///
    /// - Precondition: No other handler has the same ``Job/kind``.
    public mutating func handle<J: Job>(
        _ type: J.Type, _ body: @escaping @Sendable (J, JobContext) async throws -> Void
    ) {
        precondition(byKind[J.kind] == nil, "two handlers for jobs of the kind \"\(J.kind)\"")
        byKind[J.kind] = Handler(version: J.version, retryPolicy: J.retryPolicy) { payload, context in
            let job: J
            do {
                job = try JSONDecoder().decode(J.self, from: Data(payload))
            } catch {
                throw Undecodable(underlying: error)
            }
            try await body(job, context)
        }
    }

    var kinds: KnownKinds {
        KnownKinds(byKind.mapValues(\.version))
    }
}
