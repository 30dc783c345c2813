import CBenchSQLite
import LiteDB
import LiteJobs

/// `jobs.throughput` and `jobs.throughput.normal`: jobs that are there already, done as fast as can be.
enum ThroughputRows {
    static let full = Benchmark(name: "jobs.throughput") { plan in
        try await row(plan, "jobs.throughput", .init(), .full)
    }

    static let normal = Benchmark(name: "jobs.throughput.normal") { plan in
        try await row(plan, "jobs.throughput.normal", .normal, .normal)
    }

    private static func row(
        _ plan: Plan, _ name: String, _ configuration: Database.Configuration, _ durability: RawDatabase.Durability
    ) async throws -> [ResultRow] {
        let jobCount = plan.isQuick ? 5_000 : 100_000
        let rawPath = try await JobFile.empty(in: plan)
        var pairs: [(ours: Double, baseline: Double)] = []
        let file = try await JobFile(in: plan, configuration)
        let raw = try RawJobs(path: rawPath, durability: durability)
        for _ in 0..<3 {
            try await file.fill(jobCount)
            let worker = file.queue.worker(concurrency: 64) { handlers in handlers.handle(Noop.self) { _, _ in } }
            let start = bench_now()
            try await worker.runUntilIdle()
            let ours = Double(jobCount) / (Double(bench_now() - start) / 1e9)
            for first in stride(from: 0, to: jobCount, by: 5_000) { try raw.insert(first..<first + 5_000) }
            let rawStart = bench_now()
            let count = try raw.drain()
            pairs.append((ours, Double(count) / (Double(bench_now() - rawStart) / 1e9)))
        }
        let left = try await file.queue.statistics().counts
        guard left.isEmpty else { throw ChildError(message: "the worker left jobs behind: \(left)") }
        await file.database.close()
        return [
            ResultRow(
                name, unit: "jobs/s", better: .higher, goal: 0.4, Comparison(pairs: pairs),
                against:
                    "raw C API, synchronous \(durability.rawValue): DELETE of 32 and claim of 32 by UPDATE … RETURNING "
                    + "in a transaction, on the same tables with their indexes and triggers",
                text: "\(jobCount) jobs that do nothing, already enqueued, concurrency 64, nothing retained, "
                    + "`.\(durability == .full ? "full" : "normal")`; JSON decoded")
        ]
    }
}
