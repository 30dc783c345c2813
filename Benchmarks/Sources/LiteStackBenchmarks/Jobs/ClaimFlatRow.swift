import CBenchSQLite
import LiteDB
import LiteJobs
import Synchronization

/// `jobs.claim.flat`: the same work beside a thousand jobs, and beside millions.
enum ClaimFlatRow {
    static let benchmark = Benchmark(name: "jobs.claim.flat") { plan in
        let large = try await JobFile(in: plan, .filling)
        try await fill(large.database, plan.isQuick ? 10_000 : 1_000_000)
        let small = try await JobFile(in: plan, .filling)
        try await fill(small.database, 1_000)
        let jobCount = plan.isQuick ? 500 : 3_000
        let comparison = try await Comparison(plan, roundCount: plan.isQuick ? 3 : 7) {
            try await perJob(large.queue, jobCount)
        } baseline: {
            // Beside a thousand there would soon be none left.
            try await small.fill(jobCount)
            return try await perJob(small.queue, jobCount)
        }
        await large.database.close()
        await small.database.close()
        return [
            ResultRow(
                "jobs.claim.flat", unit: "µs", better: .lower, goal: 1.5, comparison,
                against:
                    "the same beside 1,000 scheduled, 1,000 available, 1,000 completed, 100 parked and 10 running jobs",
                text: "claiming and completing a job that does nothing, concurrency 64, `.normal`, beside "
                    + (plan.isQuick ? "10,000" : "1,000,000")
                    + " scheduled, as many available, as many completed, a tenth of it parked and a hundredth running jobs"
            )
        ]
    }

    /// Jobs of each state, made by one statement each.
    private static func fill(_ database: Database, _ count: Int) async throws {
        let far: Int64 = 4_000_000_000_000
        // The running ones are of no worker that is registered, so that nobody gives them back.
        let states: [(SQL, Int)] = [
            ("'scheduled', NULL, NULL, NULL, NULL", count), ("'available', NULL, NULL, NULL, NULL", count),
            ("'completed', NULL, 1, \(far), NULL", count), ("'parked', 'unknownKind', NULL, NULL, NULL", count / 10),
            ("'running', NULL, NULL, NULL, -1", count / 100),
        ]
        for (columns, count) in states {
            for first in stride(from: 0, to: count, by: 100_000) {
                let last = min(first + 100_000, count) - 1
                let kind = columns.text.contains("parked") ? "elsewhere" : "noop"
                try await database.execute(
                    """
                    WITH RECURSIVE n (i) AS (SELECT \(first) UNION ALL SELECT i + 1 FROM n WHERE i < \(last))
                    INSERT INTO lite_jobs (queue, kind, payload, run_at, state, reason, finished_at, prune_at, worker)
                    SELECT 'default', \(kind), '{"number":' || i || ',"at":0}', \(far), \(columns) FROM n
                    """)
            }
        }
    }

    /// Microseconds for each of so many jobs.
    private static func perJob(_ queue: JobQueue, _ count: Int) async throws -> Double {
        let counted = Counted(count)
        let worker = queue.worker(concurrency: 64) { handlers in
            handlers.handle(Noop.self) { _, _ in counted.add() }
        }
        let start = bench_now()
        let run = Task { try await worker.run() }
        while counted.end == 0 { try await Task.sleep(for: .milliseconds(1)) }  // outside of what is timed
        run.cancel()
        try await run.value
        return Double(counted.end - start) / Double(count) / 1000
    }
}

/// Notes when the last of so many jobs was done.
private final class Counted: Sendable {
    private let count = Atomic<Int>(0)
    private let last = Atomic<UInt64>(0)
    private let limit: Int

    init(_ limit: Int) {
        self.limit = limit
    }

    var end: UInt64 { last.load(ordering: .acquiring) }

    func add() {
        if count.wrappingAdd(1, ordering: .relaxed).newValue == limit { last.store(bench_now(), ordering: .releasing) }
    }
}
