import LiteCache

/// A cache with values of 100 bytes under the keys of a file of pairs, so that both sides use the same.
struct FilledCache: Sendable {
    let cache: Cache
    let keys: [String]
    let values: [[UInt8]]
    let path: String

    /// - Parameters:
    ///   - pairs: Where the keys and values come from.
    ///   - plan: Where the file lies.
    ///   - memoryBytes: Of the layer in memory; 0 is off.
    init(_ pairs: PairsFile, in plan: Plan, memoryBytes: Int) async throws {
        path = try plan.newPath("cache.sqlite3")
        (keys, values) = (pairs.keys, pairs.values)
        cache = try await Self.open(path, memoryBytes: memoryBytes)
        try await Self.fill(cache, keys: keys, values: values)
    }

    static func open(
        _ path: String, memoryBytes: Int = 64 << 20, maximumBytes: Int = 1 << 30
    ) async throws -> Cache {
        var configuration = Cache.Configuration()
        configuration.memoryBytes = memoryBytes
        configuration.maximumBytes = maximumBytes
        return try await Cache.open(at: path, configuration: configuration)
    }

    static func fill(_ cache: Cache, keys: [String], values: [[UInt8]]) async throws {
        for start in stride(from: 0, to: keys.count, by: 1_000) {
            var some: [String: [UInt8]] = [:]
            for index in start..<min(start + 1_000, keys.count) { some[keys[index]] = values[index % values.count] }
            try await cache.setMany(some)
        }
    }

    /// Positions of keys in a fixed random order.
    func order(amongFirst count: Int? = nil, seed: UInt64 = 1) -> [Int] {
        var random = RandomNumbers(seed: seed)
        return (0..<(1 << 18)).map { _ in Int.random(in: 0..<(count ?? keys.count), using: &random) }
    }
}

extension Stopwatch {
    /// Nanoseconds for each call of an asynchronous operation.
    static func time(
        for duration: Duration, batch: Int, operation: () async throws -> Void
    ) async rethrows -> Double {
        let start = Moment.now
        var count = 0
        while start.elapsed < duration.nanoseconds {
            for _ in 0..<batch { try await operation() }
            count += batch
        }
        return Double(start.elapsed) / Double(count)
    }
}
