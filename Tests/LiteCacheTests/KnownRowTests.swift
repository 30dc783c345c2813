import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCache

/// A `set` over a row that memory knows, which looks at nothing first.
@Suite(.timeLimit(.minutes(5))) struct KnownRowTests {
    private static let key = EntryKey(hash: 7, text: "key")

    private static func new(_ count: Int, lifetime: Int64? = nil) -> CacheChange.NewEntry {
        CacheChange.NewEntry(value: StoredValue(.blob([UInt8](repeating: 1, count: count))), lifetime: lifetime)
    }

    /// Sets a value, and gives what memory would know of its row.
    private static func set(
        _ new: CacheChange.NewEntry, known: KnownRow?, _ store: CacheStore, _ transaction: borrowing Transaction
    ) throws -> KnownRow {
        let change = CacheChange(key: key, kind: .set(new, .none), known: known)
        let applied = try store.apply([change], at: 1_000, visited: VisitedEntries(), in: transaction)
        guard case .success(.stored(let version, let position, let times)) = applied.results[0] else {
            throw NothingStored()
        }
        let bytes = CacheStore.bytes(of: new.value, key: key.text)
        return KnownRow(version: version, bytes: bytes, position: position, sweepAt: times.sweepAt)
    }

    private struct NothingStored: Error {}

    /// That the ledger says what the rows say.
    private static func expectBalance(_ count: Int, _ transaction: borrowing Transaction) throws {
        let ledger = try CacheStore.ledger(in: transaction)
        let bytes: Int64? = try transaction.first("SELECT coalesce(sum(bytes), 0) FROM lite_cache_entries")
        let entries: Int? = try transaction.first("SELECT count(*) FROM lite_cache_entries")
        let places: Int? = try transaction.first("SELECT count(*) FROM lite_cache_order")
        #expect(ledger.bytes == bytes && ledger.entryCount == count && entries == count && places == count)
    }

    private func withStore(
        _ body: @escaping @Sendable (CacheStore, borrowing Transaction) throws -> Void
    ) async throws {
        try await withTemporaryDatabase { database in
            let store = try await Cache(database).core.store
            try await database.write { transaction in try body(store, transaction) }
        }
    }

    @Test func `a row as it is known is written over, and counted`() async throws {
        try await withStore { store, transaction in
            let first = try Self.set(Self.new(10), known: nil, store, transaction)
            let second = try Self.set(Self.new(300), known: first, store, transaction)
            #expect(second.version > first.version && second.position == first.position)
            #expect(try store.row(Self.key, in: transaction)?.value.byteCount == 300)
            try Self.expectBalance(1, transaction)
        }
    }

    @Test func `a row that another has changed is looked at first`() async throws {
        try await withStore { store, transaction in
            let first = try Self.set(Self.new(10), known: nil, store, transaction)
            _ = try Self.set(Self.new(200), known: nil, store, transaction)
            _ = try Self.set(Self.new(30), known: first, store, transaction)
            #expect(try store.row(Self.key, in: transaction)?.value.byteCount == 30)
            try Self.expectBalance(1, transaction)
        }
    }

    @Test func `a row that is gone is put in anew`() async throws {
        try await withStore { store, transaction in
            let first = try Self.set(Self.new(10), known: nil, store, transaction)
            _ = try store.apply(
                [CacheChange(key: Self.key, kind: .delete)], at: 1_000, visited: VisitedEntries(), in: transaction)
            try Self.expectBalance(0, transaction)
            _ = try Self.set(Self.new(30), known: first, store, transaction)
            #expect(try store.row(Self.key, in: transaction)?.value.byteCount == 30)
            try Self.expectBalance(1, transaction)
        }
    }

    @Test func `another time moves the row in the index of times`() async throws {
        try await withStore { store, transaction in
            let first = try Self.set(Self.new(10), known: nil, store, transaction)
            _ = try Self.set(Self.new(10, lifetime: 500), known: first, store, transaction)
            let swept: Int? = try transaction.first(
                "SELECT count(*) FROM lite_cache_entries WHERE sweep_at IS NOT NULL AND sweep_at < 3000")
            #expect(swept == 1)
            try Self.expectBalance(1, transaction)
        }
    }

    @Test func `what memory knows of an entry is what its row says`() async throws {
        try await withTemporaryDatabase { database in
            let cache = try await Cache(database)
            try await cache.set("key", "value", expiresIn: .seconds(60))
            let key = cache.scope.entryKey("key")
            let known = cache.core.memory?.known(key.hash, "key", scope: cache.scope.index)
            let row = try database.read { snapshot in
                try snapshot.first(
                    "SELECT version, bytes, position, sweep_at FROM lite_cache_entries WHERE hash = \(key.hash)"
                ) { [try $0.integer(0), try $0.integer(1), try $0.integer(2), try $0.integer(3)] }
            }
            #expect(known.map { [$0.version, $0.bytes, $0.position, $0.sweepAt ?? 0] } == row)
            #expect(cache.core.memory?.known(key.hash, "other", scope: cache.scope.index) == nil)
        }
    }

    @Test func `many keys are found as singly, also twice the same, in whole chunks and beside them`() async throws {
        try await withTemporaryDatabase { database in
            var configuration = Cache.Configuration()
            configuration.memoryBytes = 0
            let cache = try await Cache(database, configuration: configuration)
            for number in 0..<50 { try await cache.set("\(number)", number) }
            let keys = (0..<75).map { "\($0 == 40 ? 3 : $0)" }
            let found = try await cache.getMany(keys, as: Int.self)
            #expect(found == Dictionary(uniqueKeysWithValues: (0..<50).filter { $0 != 40 }.map { ("\($0)", $0) }))
        }
    }
}
