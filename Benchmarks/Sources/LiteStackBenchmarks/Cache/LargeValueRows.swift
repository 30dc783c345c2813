import CBenchSQLite
import LiteCache

/// `cache.value.…`: values of 10 kB and 1 MB, from and into the file.
enum LargeValueRows {
    static let tenKilobytes = Benchmark(name: "cache.value.10k") { plan in
        try await rows(plan, "cache.value.10k", bytes: 10_000, keyCount: 1_000)
    }

    static let oneMegabyte = Benchmark(name: "cache.value.1m") { plan in
        try await rows(plan, "cache.value.1m", bytes: 1_000_000, keyCount: 20)
    }

    private static func rows(_ plan: Plan, _ name: String, bytes: Int, keyCount: Int) async throws -> [ResultRow] {
        let keys = (0..<keyCount).map { "large:\($0)" }
        var random = RandomNumbers(seed: 5)
        let values = (0..<7).map { _ in (0..<bytes).map { _ in UInt8.random(in: 0...255, using: &random) } }
        let cache = try await FilledCache.open(try plan.newPath("cache.sqlite3"), memoryBytes: 0)
        for key in keys { try await cache.set(key, values[0]) }
        let raw = try RawLarge(path: try plan.newPath("pairs.sqlite3"), keys: keys, values: values)
        var turn = 0
        let sets = try await Comparison(plan) {
            try await Stopwatch.time(for: plan.roundDuration, batch: 1) {
                turn += 1
                try await cache.set(keys[turn &* 7 % keyCount], values[turn % values.count])
            } / 1000
        } baseline: {
            try raw.set(for: plan.roundDuration) / 1000
        }
        let gets = try await Comparison(plan) {
            try await Stopwatch.time(for: plan.roundDuration, batch: 1) {
                turn += 1
                guard try await cache.get(keys[turn &* 7 % keyCount], as: [UInt8].self)?.count == bytes else {
                    throw WrongResult()
                }
            } / 1000
        } baseline: {
            try raw.get(for: plan.roundDuration) / 1000
        }
        await cache.close()
        let text = "values of \(bytes) bytes, \(keyCount) keys, 1 task, memory layer off"
        return [
            ResultRow(
                name + ".set", unit: "µs", better: .lower, goal: 1.6, sets,
                against: "raw C API, synchronous NORMAL, autocommit upsert", text: "`set`, " + text),
            ResultRow(
                name + ".get", unit: "µs", better: .lower, goal: 1.4, gets,
                against: "raw C API, autocommit SELECT, copied into [UInt8]", text: "`get`, " + text),
        ]
    }
}

/// Large values through the C API, in a table with a rowid, as SQLite advises for them.
private final class RawLarge {
    private let upsert: RawStatement
    private let select: RawStatement
    private let keys: [String]
    private let values: [[UInt8]]
    private var turn = 0

    init(path: String, keys: [String], values: [[UInt8]]) throws {
        let database = try RawDatabase(path: path, durability: .normal)
        try database.execute("CREATE TABLE pairs (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT")
        upsert = try database.prepare(PairsFile.upsert)
        select = try database.prepare(PairsFile.select)
        (self.keys, self.values) = (keys, values)
        for key in keys { try upsert.run(key, values[0]) }
    }

    @inline(never)  // inlined into an async closure it crashes the optimiser of Swift 6.3.1
    func set(for duration: Duration) throws -> Double {
        try Stopwatch.time(for: duration, batch: 1) {
            turn += 1
            try upsert.run(keys[turn &* 7 % keys.count], values[turn % values.count])
        }
    }

    @inline(never)  // inlined into an async closure it crashes the optimiser of Swift 6.3.1
    func get(for duration: Duration) throws -> Double {
        try Stopwatch.time(for: duration, batch: 1) {
            turn += 1
            guard try select.blob(forKey: keys[turn &* 7 % keys.count])?.count == values[0].count else {
                throw WrongResult()
            }
        }
    }
}
