import CBenchSQLite
import LiteDB
import LiteJobs
import Synchronization

/// `jobs.endToEnd`: enqueueing and running at the same time.
enum EndToEndRow {
    static let benchmark = Benchmark(name: "jobs.endToEnd") { plan in
        let file = try await JobFile(in: plan)
        let seen = SeenLatencies()
        let worker = file.queue.worker(concurrency: 64) { handlers in
            handlers.handle(Noop.self) { job, _ in seen.record(since: job.at) }
        }
        let run = Task { try await worker.run() }
        let queue = file.queue
        let seconds = plan.isQuick ? 1 : 8
        let start = bench_now()
        let enqueued = try await JobLoad.perSecond(.seconds(seconds), taskCount: 64) { number in
            try await queue.enqueue(Noop(number: number, at: bench_now()))
        }
        while try await queue.statistics().counts.contains(where: { $0.count > 0 }) {
            try await Task.sleep(for: .milliseconds(1))  // until the last job has run; the jobs tell their own times
        }
        let summary = seen.latencies.summary(.milliseconds)
        let perSecond = Double(summary.count) / (Double(bench_now() - start) / 1e9)
        run.cancel()
        try await run.value
        await file.database.close()
        return [
            ResultRow(
                "jobs.endToEnd", unit: "jobs/s", better: .higher, goal: 0, ours: perSecond, latencies: summary,
                text:
                    "64 tasks enqueue one after the other (\(Int(enqueued)) a second), a worker of the same process runs "
                    + "what they enqueue, `.full`, \(seconds) s; the percentiles are milliseconds from before the enqueue "
                    + "to the start of the handler. Reported, held to nothing")
        ]
    }
}

/// Latencies that handlers add to.
final class SeenLatencies: Sendable {
    private let kept = Mutex(Latencies())

    var latencies: Latencies { kept.withLock { $0 } }

    func record(since start: UInt64) {
        kept.withLock { $0.record(since: start) }
    }
}
