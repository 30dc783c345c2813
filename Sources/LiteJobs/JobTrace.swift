import Instrumentation
import Tracing

/// Passes the trace of who enqueues a job on to its attempts, in the job's metadata.
struct JobTrace: Sendable {
    /// Whether the process has a tracer: without one nothing is spent.
    static var isActive: Bool { !(InstrumentationSystem.tracer is NoOpTracer) }

    /// Puts the running task's trace into a job's metadata.
    static func inject(into metadata: inout [String: String]) {
        guard let context = InstrumentationContext.current else { return }
        InstrumentationSystem.instrument.inject(context, into: &metadata, using: Carrier())
    }

    /// Runs an attempt in a span of its own that belongs to the trace of who enqueued it.
    static func withSpan<Result>(
        of job: ClaimedJob, metadata: [String: String], _ body: () async throws -> Result
    ) async throws -> Result {
        guard isActive else { return try await body() }
        var context = InstrumentationContext.topLevel
        InstrumentationSystem.instrument.extract(metadata, into: &context, using: Carrier())
        return try await Tracing.withSpan("job \(job.kind)", context: context, ofKind: .consumer) { span in
            span.attributes["messaging.system"] = "litestack"
            span.attributes["messaging.destination.name"] = job.queue
            span.attributes["messaging.message.id"] = "\(job.id)"
            span.attributes["litestack.job.attempt"] = job.attempt
            return try await body()
        }
    }

    private struct Carrier: Injector, Extractor {
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
            carrier[key] = value
        }

        func extract(key: String, from carrier: [String: String]) -> String? {
            carrier[key]
        }
    }
}
