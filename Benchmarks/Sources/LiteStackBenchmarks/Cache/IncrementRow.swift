import CBenchSQLite
import LiteCache

/// `cache.increment.64`: 64 tasks count.
enum IncrementRow {
    static let benchmark = Benchmark(name: "cache.increment.64") { plan in
        let cache = try await FilledCache.open(try plan.newPath("cache.sqlite3"))
        let raw = try RawCounters(path: try plan.newPath("counters.sqlite3"))
        let keys = (0..<1_000).map { "counter:\($0)" }
        for key in keys { try await cache.increment(key) }
        let comparison = try await Comparison(plan) {
            try await SixtyFourTasks.perSecond(plan.roundDuration) { task in
                { number in try await cache.increment(keys[(task &* 31 &+ number &* 7) % keys.count]) }
            }
        } baseline: {
            1e9 / (try raw.nanoseconds(for: plan.roundDuration))
        }
        await cache.close()
        return [
            ResultRow(
                "cache.increment.64", unit: "increments/s", better: .higher, goal: 2, comparison,
                against: "raw C API, synchronous NORMAL; one autocommit upsert with RETURNING after the other",
                text: "64 tasks increment 1,000 counters")
        ]
    }
}

private final class RawCounters {
    private let statement: RawStatement
    private let keys = (0..<1_000).map { "counter:\($0)" }
    private var next = 0

    init(path: String) throws {
        let database = try RawDatabase(path: path, durability: .normal)
        try database.execute(
            "CREATE TABLE counters (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID")
        statement = try database.prepare(
            """
            INSERT INTO counters (key, value) VALUES (?, 1)
            ON CONFLICT (key) DO UPDATE SET value = value + 1
            RETURNING value
            """)
    }

    @inline(never)  // inlined into an async closure it crashes the optimiser of Swift 6.3.1
    func nanoseconds(for duration: Duration) throws -> Double {
        try Stopwatch.time(for: duration, batch: 8) {
            next += 1
            guard try statement.integer(forKey: keys[next &* 7 % keys.count]) > 0 else { throw WrongResult() }
        }
    }
}

extension RawStatement {
    /// Binds a text key, and gives the whole number of the one row that comes.
    func integer(forKey key: String) throws -> Int64 {
        var copy = key
        return try copy.withUTF8 { utf8 in
            try utf8.withMemoryRebound(to: CChar.self) { bytes in
                bench_bind_text(handle, 1, bytes.baseAddress, Int32(bytes.count))
                guard try step() else { throw WrongResult() }
                defer { sqlite3_reset(handle) }
                let value = integer(0)
                guard try !step() else { throw WrongResult() }
                return value
            }
        }
    }
}
