import LiteDB

/// The keys and values of upserts, in a fixed random order that goes on through all rounds.
struct UpsertFeed {
    private let file: PairsFile
    private let order: [Int]
    private var next = 0

    init(_ file: PairsFile, seed: UInt64 = 1) {
        self.file = file
        order = file.order(seed: seed)
    }

    mutating func pair() -> (key: String, value: [UInt8]) {
        defer { next += 1 }
        // 1,021 values and 2^18 keys: a key that comes again meets another value.
        return (file.keys[order[next % order.count]], file.values[next % file.values.count])
    }
}

extension Database {
    /// One upsert in a transaction of its own.
    @inline(__always)
    func upsert(_ key: String, _ value: [UInt8]) async throws {
        try await write { transaction in
            try transaction.execute(
                """
                INSERT INTO pairs (key, value) VALUES (\(key), \(value))
                ON CONFLICT (key) DO UPDATE SET value = excluded.value
                """)
        }
    }
}
