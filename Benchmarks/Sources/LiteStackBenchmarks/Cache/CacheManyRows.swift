import CBenchSQLite
import LiteCache

/// `cache.setMany.500` and `cache.getMany.500`: for each entry of a call.
enum CacheManyRows {
    private static let count = 500

    static let set = Benchmark(name: "cache.setMany.500") { plan in
        let pairs = try await PairsFile(in: plan)
        let filled = try await FilledCache(pairs, in: plan, memoryBytes: 0)
        let raw = try RawMany(pairs)
        let order = filled.order()
        var turn = 0
        let comparison = try await Comparison(plan) {
            try await Stopwatch.time(for: plan.roundDuration, batch: 1) {
                var some: [String: [UInt8]] = [:]
                some.reserveCapacity(count)
                for number in turn..<turn + count {
                    some[filled.keys[order[number % order.count]]] = filled.values[number % filled.values.count]
                }
                turn += count
                try await filled.cache.setMany(some)
            } / Double(count) / 1000
        } baseline: {
            try raw.set(count, for: plan.roundDuration) / 1000
        }
        await filled.cache.close()
        return [
            ResultRow(
                "cache.setMany.500", unit: "µs", better: .lower, goal: 1.5, comparison,
                against: "raw C API; 500 prepared upserts in one transaction, synchronous NORMAL",
                text:
                    "100 bytes under 500 random keys of 100,000 in one `setMany`, its dictionary made in the same time, "
                    + "for each entry")
        ]
    }

    static let get = Benchmark(name: "cache.getMany.500") { plan in
        let pairs = try await PairsFile(in: plan)
        let filled = try await FilledCache(pairs, in: plan, memoryBytes: 0)
        let raw = try RawMany(pairs)
        let order = filled.order()
        var turn = 0
        let comparison = try await Comparison(plan) {
            try await Stopwatch.time(for: plan.roundDuration, batch: 1) {
                let keys = (turn..<turn + count).map { filled.keys[order[$0 % order.count]] }
                turn += count
                let found = try await filled.cache.getMany(keys, as: [UInt8].self)
                guard found.count > count / 2 else { throw WrongResult() }
            } / Double(count) / 1000
        } baseline: {
            try raw.get(count, for: plan.roundDuration) / 1000
        }
        await filled.cache.close()
        return [
            ResultRow(
                "cache.getMany.500", unit: "µs", better: .lower, goal: 1.5, comparison,
                against: "raw C API; 500 prepared SELECTs in one transaction, copied into a [String: [UInt8]]",
                text:
                    "blobs of 100 bytes of 500 random keys of 100,000 in one `getMany`, memory layer off, for each entry"
            )
        ]
    }
}

/// 500 statements in one transaction of the C API.
private final class RawMany {
    private let database: RawDatabase
    private let upsert: RawStatement
    private let select: RawStatement
    private let keys: [String]
    private let values: [[UInt8]]
    private let order: [Int]
    private var next = 0

    init(_ pairs: PairsFile) throws {
        database = try RawDatabase(path: pairs.path, durability: .normal)
        upsert = try database.prepare(PairsFile.upsert)
        select = try database.prepare(PairsFile.select)
        (keys, values, order) = (pairs.keys, pairs.values, pairs.order())
    }

    /// Nanoseconds for each entry.
    @inline(never)  // inlined into an async closure it crashes the optimiser of Swift 6.3.1
    func set(_ count: Int, for duration: Duration) throws -> Double {
        try Stopwatch.time(for: duration, batch: 1) {
            try database.execute("BEGIN IMMEDIATE")
            for _ in 0..<count {
                try upsert.run(keys[order[next % order.count]], values[next % values.count])
                next += 1
            }
            try database.execute("COMMIT")
        } / Double(count)
    }

    @inline(never)  // inlined into an async closure it crashes the optimiser of Swift 6.3.1
    func get(_ count: Int, for duration: Duration) throws -> Double {
        try Stopwatch.time(for: duration, batch: 1) {
            var found: [String: [UInt8]] = [:]
            try database.execute("BEGIN")
            for _ in 0..<count {
                let key = keys[order[next % order.count]]
                found[key] = try select.blob(forKey: key)
                next += 1
            }
            try database.execute("COMMIT")
            guard found.count > count / 2 else { throw WrongResult() }
        } / Double(count)
    }
}
