import CBenchSQLite
import Foundation
import LiteDB
import LiteJobs

/// `jobs.rescue`: how soon a job whose process was killed runs elsewhere.
///
/// The worker that rescues lives throughout, and is at rest before each job: it looks for dead workers seldom then, until
/// the other one's claim wakes it. It would take the job itself, so the job waits in a queue of the other's, and comes into
/// its own once it runs.
enum RescueRow {
    static let benchmark = Benchmark(name: "jobs.rescue") { plan in
        let file = try await JobFile(in: plan)
        var latencies = Latencies()
        var random = RandomNumbers(seed: 11)
        let count = plan.isQuick ? 5 : 100
        let starts = Starts()
        let worker = file.queue.worker { handlers in
            handlers.handle(Noop.self) { job, _ in starts.note(job.number) }
        }
        let run = Task { try await worker.run() }
        for number in 0..<count {
            let child = try Child("job-worker", file.database.path, "--holds", "--queue", "elsewhere")
            _ = try child.line()
            // Longer than it goes on looking often after the last job: it is at rest.
            try await Task.sleep(for: .milliseconds(600))
            try await file.queue.enqueue(Noop(number: number), queue: "elsewhere")
            // It says so when it has begun.
            _ = try child.line()
            try await file.database.execute("UPDATE lite_jobs SET queue = 'default' WHERE state = 'running'")
            // At any place between two looks of the worker that rescues.
            try await Task.sleep(for: .microseconds(Int.random(in: 50_000...500_000, using: &random)))
            let killed = bench_now()
            child.kill()
            // The start itself says when it was.
            while starts.all[number] == nil { try await Task.sleep(for: .milliseconds(1)) }
            latencies.record((starts.all[number] ?? killed) - killed)
        }
        run.cancel()
        try await run.value
        await file.database.close()
        let spread = latencies.summary(.milliseconds)
        return [
            ResultRow(
                "jobs.rescue", unit: "ms", better: .lower, goal: 1000, ours: spread.p99, latencies: spread,
                text:
                    "99th percentile from `kill -9` of the process that runs a job to its start in another, whose "
                    + "worker had nothing to do before, \(count) times")
        ]
    }
}
