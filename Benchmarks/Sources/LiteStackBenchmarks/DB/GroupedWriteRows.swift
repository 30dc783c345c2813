import CBenchSQLite
import LiteDB

/// `db.write.*.64`: 64 tasks write at once, and share commits.
enum GroupedWriteRows {
    static let normal = Benchmark(name: "db.write.normal.64") { plan in
        try await appends(plan, "db.write.normal.64", .normal, .normal, goal: 3)
    }

    static let full = Benchmark(name: "db.write.full.64") { plan in
        try await appends(plan, "db.write.full.64", Database.Configuration(), .full, goal: 12)
    }

    static let randomFull = Benchmark(name: "db.write.random.full.64") { plan in
        let file = try await PairsFile(in: plan)
        let other = try file.copy(in: plan)
        let database = try await Database.open(at: file.path)
        let statement = try RawDatabase(path: other.path, durability: .full).prepare(PairsFile.upsert)
        var feed = UpsertFeed(other)
        let feeds = (0..<taskCount).map { TaskFeed(file, task: $0) }
        let comparison = try await Comparison(plan) {
            try await throughput(plan.roundDuration) { task, deadline in
                try await countWrites(until: deadline) {
                    let (key, value) = feeds[task].pair()
                    try await database.upsert(key, value)
                }
            }
        } baseline: {
            try throughputOneByOne(plan.roundDuration) {
                let (key, value) = feed.pair()
                try statement.run(key, value)
            }
        }
        await database.close()
        return [
            ResultRow(
                "db.write.random.full.64", unit: "writes/s", better: .higher, goal: 6, comparison,
                against: oneByOne(.full, "upsert"),
                text: "64 tasks upsert 100 bytes under random keys among 100,000, `write { }` for each, changing values"
            )
        ]
    }

    private static func appends(
        _ plan: Plan, _ name: String, _ configuration: Database.Configuration, _ durability: RawDatabase.Durability,
        goal: Double
    ) async throws -> [ResultRow] {
        let values = try await PairsFile(in: plan, keyCount: 1).values
        let schema = "CREATE TABLE entries (id INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT"
        let database = try await Database.open(
            at: plan.newPath("entries.sqlite3"), configuration: configuration)
        try await database.execute(SQL(schema))
        let raw = try RawDatabase(path: plan.newPath("entries.sqlite3"), durability: durability)
        try raw.execute(schema)
        let statement = try raw.prepare("INSERT INTO entries (value) VALUES (?)")
        let rawAppends = RawAppends(statement: statement, values: values)
        let comparison = try await Comparison(plan) {
            try await throughput(plan.roundDuration) { task, deadline in
                var next = task
                return try await countWrites(until: deadline) {
                    next += 1
                    let value = values[next % values.count]
                    try await database.write { transaction in
                        try transaction.execute("INSERT INTO entries (value) VALUES (\(value))")
                    }
                }
            }
        } baseline: {
            try throughputOneByOne(plan.roundDuration) { try rawAppends.append() }
        }
        await database.close()
        return [
            ResultRow(
                name, unit: "writes/s", better: .higher, goal: goal, comparison,
                against: oneByOne(durability, "INSERT"),
                text: "64 tasks append rows of 100 bytes, `write { }` for each")
        ]
    }

    private static func oneByOne(_ durability: RawDatabase.Durability, _ statement: String) -> String {
        "raw C API, synchronous \(durability.rawValue), checkpoint after "
            + "\(durability.checkpointFrameCount) frames; one thread, one autocommit \(statement) after the other"
    }

    // MARK: Throughput

    private static let taskCount = 64

    /// Writes a second of all tasks.
    private static func throughput(
        _ duration: Duration, _ writeUntil: @escaping @Sendable (_ task: Int, _ deadline: UInt64) async throws -> Int
    ) async throws -> Double {
        let start = bench_now()
        let deadline = start + duration.nanoseconds
        let total = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<taskCount {
                group.addTask { try await writeUntil(task, deadline) }
            }
            return try await group.reduce(0, +)
        }
        return Double(total) / (Double(bench_now() - start) / 1e9)
    }

    private static func countWrites(
        until deadline: UInt64, _ write: () async throws -> Void
    ) async throws -> Int {
        var count = 0
        while bench_now() < deadline {
            try await write()
            count += 1
        }
        return count
    }

    private static func throughputOneByOne(_ duration: Duration, _ write: () throws -> Void) rethrows -> Double {
        1e9 / (try Stopwatch.time(for: duration, batch: 4, write))
    }
}

/// Appends one value after the other through the C API.
private final class RawAppends {
    private let statement: RawStatement
    private let values: [[UInt8]]
    private var count = 0

    init(statement: RawStatement, values: [[UInt8]]) {
        self.statement = statement
        self.values = values
    }

    @inline(never)  // inlined into an async closure it crashes the optimiser of Swift 6.3.1
    func append() throws {
        count += 1
        try statement.run(values[count % values.count])
    }
}
