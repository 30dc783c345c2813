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

/// The feed of one of several tasks. It goes on from round to round: a feed that began anew would write what is there
/// already, and SQLite skips the page of an upsert that changes nothing.
///
/// `@unchecked Sendable`: one task has it at a time.
final class TaskFeed: @unchecked Sendable {
    private var feed: UpsertFeed

    init(_ file: PairsFile, task: Int) {
        feed = UpsertFeed(file, seed: UInt64(task))
    }

    @inline(never)  // inlined into an async closure it crashes the optimiser of Swift 6.3.1
    func pair() -> (key: String, value: [UInt8]) { feed.pair() }
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
