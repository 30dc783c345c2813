import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCache

@Suite(.timeLimit(.minutes(1))) struct CacheStoreTests {
    private func plan(of sql: SQL) async throws -> [String] {
        try await withTemporaryDatabase { database in
            _ = try await Cache(database)
            return try await database.write { transaction in
                try transaction.all(SQL("EXPLAIN QUERY PLAN " + sql.text, arguments: sql.arguments)) { try $0.text(3) }
            }
        }
    }

    @Test func `a lookup is one step down the table`() async throws {
        let plan = try await self.plan(of: CacheStore.lookup(1))
        #expect(plan == ["SEARCH lite_cache_entries USING INTEGER PRIMARY KEY (rowid=?)"])
    }

    @Test func `the hand moves along its index and touches no entry`() async throws {
        var plan = try await self.plan(of: CacheStore.candidates(after: 1))
        #expect(plan == ["SEARCH lite_cache_entries USING COVERING INDEX lite_cache_entries_position (position>?)"])
        plan = try await self.plan(of: CacheStore.spare(after: 1, through: 2))
        #expect(
            plan == [
                "SEARCH lite_cache_entries USING INDEX lite_cache_entries_position (position>? AND position<?)"
            ])
    }

    @Test func `expired entries are found by their index`() async throws {
        let plan = try await self.plan(of: CacheStore.expired(at: 1))
        #expect(plan == ["SEARCH lite_cache_entries USING COVERING INDEX lite_cache_entries_expiry (expires_at<?)"])
    }

    /// Two keys never meet by accident, so the test takes a hash that gives every key the same row.
    @Test func `of two keys with one hash the later stays, and neither is taken for the other`() async throws {
        try await withTemporaryDatabase { database in
            _ = try await Cache(database)
            let store = CacheStore(hash: SipHash(key: []), maximumBytes: 100_000)
            try await database.write { transaction in
                let value = StoredValue(format: .plain, bytes: [1])
                _ = try store.set("one", value, expiresAt: nil, visited: [], at: 0, in: transaction)
                let hash = store.rowID("two")
                try transaction.execute("UPDATE lite_cache_entries SET hash = \(hash)")
                #expect(try store.entry("two", at: 0, in: transaction) == nil)
                _ = try store.set("two", value, expiresAt: nil, visited: [], at: 0, in: transaction)
                #expect(try store.entry("two", at: 0, in: transaction) != nil)
                #expect(try store.ledger(in: transaction).entryCount == 1)
            }
        }
    }
}
