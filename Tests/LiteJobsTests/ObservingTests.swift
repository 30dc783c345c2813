import CoreMetrics
import Foundation
import InMemoryTracing
import Instrumentation
import LiteDB
import LiteStackTesting
import Synchronization
import Testing
import Tracing

@testable import LiteJobs

@Suite(.timeLimit(.minutes(5))) struct ObservingTests {
    /// Adds a tag and a note when a job is enqueued, and marks what runs inside.
    struct Marking: JobMiddleware {
        @TaskLocal static var mark = ""
        let name: String

        func enqueue(_ draft: inout JobDraft) throws {
            guard draft.kind != "once-only" else { throw Broken(description: "not today") }
            draft.tags.append(name)
            draft.metadata["by"] = name
        }

        func run(_ context: JobContext, next: () async throws -> Void) async throws {
            try await Self.$mark.withValue(Self.mark + name) { try await next() }
        }
    }

    @Test func `middleware stands around enqueueing and running, the first outermost`() async throws {
        var configuration = JobQueue.Configuration()
        configuration.middleware = [Marking(name: "a"), Marking(name: "b")]
        try await withJobs(configuration) { jobs, _ in
            let seen = Mutex<[String]>([])
            let handle = try await jobs.enqueue(Note(), tags: ["own"])
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, context in
                    seen.withLock { $0 = [Marking.mark, context.metadata["by"] ?? ""] + context.tags }
                }
            }
            try await running(worker) { try await handle.value }
            #expect(seen.withLock { $0 } == ["ab", "b", "own", "a", "b"])
            await #expect(throws: Broken.self) { try await jobs.enqueue(OnceOnly()) }
        }
    }

    @Test func `events tell what the workers of the process do`() async throws {
        try await withJobs { jobs, _ in
            let events = jobs.events()
            let bad = try await jobs.enqueue(OnceOnly())
            let good = try await jobs.enqueue(Note())
            let worker = jobs.worker(concurrency: 1) { handlers in
                handlers.handle(OnceOnly.self) { _, _ in throw Broken() }
                handlers.handle(Note.self) { _, _ in }
            }
            try await worker.runUntilIdle()
            var told: [JobEvent] = []
            for await event in events {
                told.append(event)
                if told.count == 4 { break }
            }
            #expect(
                Set(told) == [
                    JobEvent(id: bad.id, jobKind: "once-only", kind: .started),
                    JobEvent(
                        id: bad.id, jobKind: "once-only",
                        kind: .dead(reason: .attemptsExhausted, message: "the ink is dry")),
                    JobEvent(id: good.id, jobKind: "note", kind: .started),
                    JobEvent(id: good.id, jobKind: "note", kind: .completed),
                ])
        }
    }

    @Test func `events tell what goes wrong, too`() async throws {
        try await withTemporaryJobs { test in
            let jobs = test.jobs
            let events = jobs.events()
            func next(_ count: Int) async -> [JobEvent.Kind] {
                var kinds: [JobEvent.Kind] = []
                for await event in events {
                    kinds.append(event.kind)
                    if kinds.count == count { break }
                }
                return kinds
            }
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { job, context in
                    switch job.text {
                    case "fails" where context.attempt == 1: throw Broken()
                    case "snoozes" where context.attempt == 1: throw Snooze(for: .seconds(100_000))
                    case "is lost": try await jobs.cancel(context.id)
                    default: break
                    }
                }
            }
            try await jobs.enqueue(Note(text: "fails"))
            try await worker.runUntilIdle()
            #expect(await next(2) == [.started, .failed(message: "the ink is dry")])
            try await jobs.enqueue(Note(text: "snoozes"))
            try await worker.runUntilIdle()
            #expect(await next(2) == [.started, .snoozed])
            try await jobs.enqueue(Note(text: "is lost"))
            try await worker.runUntilIdle()
            #expect(await next(2) == [.started, .attemptLost])
            try await jobs.enqueue(Note(text: "is rescued"))
            test.faults.killAfterClaim()
            try await worker.runUntilIdle()
            try await worker.runUntilIdle()
            #expect(await next(3) == [.rescued, .started, .completed])
            try await jobs.cancel(where: JobFilter())
            try await jobs.set(schedule: JobSchedule("tick", "@every 1s", Note(text: "tick")))
            test.clock.advance(by: .seconds(1))
            try await worker.runUntilIdle()
            #expect(await next(3) == [.scheduled("tick"), .started, .completed])
        }
    }

    @Test func `an interrupted attempt is told of`() async throws {
        try await withJobs { jobs, _ in
            let (events, started) = (jobs.events(), TestSignal())
            try await jobs.enqueue(Note())
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, _ in
                    started.send()
                    try await TestSignal().wait(within: .seconds(60))
                }
            }
            try await running(worker) { try await started.wait() }
            var kinds: [JobEvent.Kind] = []
            for await event in events {
                kinds.append(event.kind)
                if kinds.count == 2 { break }
            }
            #expect(kinds == [.started, .interrupted])
        }
    }

    @Test func `metrics tell of jobs that wait for long and of those that were rescued`() async throws {
        let factory = RecordingMetrics()
        var configuration = JobQueue.Configuration()
        configuration.metricsFactory = factory
        try await withTemporaryJobs(configuration) { test in
            let worker = test.jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await test.jobs.enqueue(Note())
            try await test.jobs.enqueue(OnceOnly(), queue: "elsewhere")
            test.clock.advance(by: .seconds(77))
            test.faults.killAfterClaim()
            try await worker.runUntilIdle()
            try await worker.runUntilIdle()
        }
        let recorded = factory.totals
        #expect(recorded["litestack.jobs.rescued"] == 1)
        #expect(recorded["litestack.jobs.oldest elsewhere"] == 77)
    }

    @Test func `metrics count what was enqueued and what became of it`() async throws {
        let factory = RecordingMetrics()
        var configuration = JobQueue.Configuration()
        configuration.metricsFactory = factory
        try await withJobs(configuration) { jobs, _ in
            try await jobs.enqueue(contentsOf: [Note(text: "a"), Note(text: "b")])
            try await jobs.enqueue(OnceOnly())
            try await jobs.enqueue(Note(), queue: "elsewhere")
            let worker = jobs.worker { handlers in
                handlers.handle(OnceOnly.self) { _, _ in throw Broken() }
                handlers.handle(Note.self) { _, _ in }
            }
            try await worker.runUntilIdle()
        }
        let recorded = factory.totals
        #expect(recorded["litestack.jobs.enqueued note"] == 3)
        #expect(recorded["litestack.jobs.ended note completed"] == 2)
        #expect(recorded["litestack.jobs.ended once-only dead"] == 1)
        #expect(recorded["litestack.jobs.wait default note"] == 2)
        #expect(recorded["litestack.jobs.run note"] == 2)
        #expect(recorded["litestack.jobs.depth elsewhere available"] == 1)
    }
}

/// Adds up what is counted; of timers and gauges how often, and what, was recorded.
private final class RecordingMetrics: MetricsFactory {
    private let kept = Mutex<[String: Int64]>([:])

    var totals: [String: Int64] { kept.withLock { $0 } }

    fileprivate func change(_ name: String, _ body: (inout Int64) -> Void) {
        kept.withLock { body(&$0[name, default: 0]) }
    }

    private func handler(_ label: String, _ dimensions: [(String, String)]) -> Handler {
        Handler(name: ([label] + dimensions.map(\.1)).joined(separator: " "), metrics: self)
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler { handler(label, dimensions) }
    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        handler(label, dimensions)
    }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { handler(label, dimensions) }
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}

    private final class Handler: CounterHandler, RecorderHandler, TimerHandler {
        let name: String
        let metrics: RecordingMetrics

        init(name: String, metrics: RecordingMetrics) {
            self.name = name
            self.metrics = metrics
        }

        func increment(by amount: Int64) { metrics.change(name) { $0 += amount } }
        func reset() {}
        func record(_ value: Int64) { metrics.change(name) { $0 = max($0, value) } }
        func record(_ value: Double) { record(Int64(value)) }
        func recordNanoseconds(_ duration: Int64) { metrics.change(name) { $0 += 1 } }
    }
}
