import InMemoryTracing
import Instrumentation
import LiteDB
import LiteJobs
import LiteStackTesting
import Testing
import Tracing

/// The only suite that sets the process's tracer, which can be set once.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TracingTests {
    @Test func `an attempt belongs to the trace of who enqueued its job`() async throws {
        let tracer = InMemoryTracer()
        InstrumentationSystem.bootstrap(tracer)
        try await withJobs { jobs, _ in
            let handle = try await withSpan("request") { _ in try await jobs.enqueue(Note()) }
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await worker.runUntilIdle()
            #expect(try await handle.record()?.state == .completed)
        }
        let request = try #require(tracer.finishedSpans.first { $0.operationName == "request" })
        let attempt = try #require(
            tracer.finishedSpans.first { $0.operationName == "job note" && $0.traceID == request.traceID })
        #expect(attempt.kind == .consumer)
        #expect(attempt.parentSpanID == request.spanID)
    }
}
