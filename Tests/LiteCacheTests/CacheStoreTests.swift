import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCache

@Suite(.timeLimit(.minutes(5))) struct CacheStoreTests {
    private func plan(of sql: SQL) async throws -> [String] {
        try await withTemporaryDatabase { database in
            _ = try await Cache(database)
            return try await database.write { transaction in
                try transaction.all(SQL("EXPLAIN QUERY PLAN " + sql.text, arguments: sql.arguments)) { try $0.text(3) }
            }
        }
    }

    static let oneStep = ["SEARCH lite_cache_entries USING INTEGER PRIMARY KEY (rowid=?)"]

    @Test func `a lookup is one step down the table`() async throws {
        #expect(try await plan(of: CacheStore.lookup(1)) == Self.oneStep)
        #expect(try await plan(of: CacheStore.present(1)) == Self.oneStep)
    }

    @Test func `many are looked up with one step for each`() async throws {
        let plan = try await plan(of: CacheStore.chunk([Int64](0..<32)))
        #expect(plan.suffix(2) == ["SCAN wanted"] + Self.oneStep)
    }

    @Test func `the hand moves along the order`() async throws {
        let plan = try await plan(of: CacheStore.candidates(after: 1))
        #expect(plan == ["SEARCH lite_cache_order USING INTEGER PRIMARY KEY (rowid>?)"])
    }

    @Test func `what is over is found by its index`() async throws {
        let plan = try await plan(of: CacheStore.expired(at: 1))
        #expect(plan == ["SEARCH lite_cache_entries USING INDEX lite_cache_entries_sweep (sweep_at<?)"])
    }

    @Test func `keys are listed along their index`() async throws {
        let plan = try await plan(of: CacheStore.list(after: "a", before: "b", limit: 10))
        #expect(plan == ["SEARCH lite_cache_entries USING INDEX lite_cache_entries_key (key>? AND key<?)"])
    }

    @Test func `the log and the tags are read from where they were left`() async throws {
        var plan = try await self.plan(of: CacheStore.changes(after: 1))
        #expect(plan == ["SEARCH lite_cache_log USING INTEGER PRIMARY KEY (rowid>?)"])
        plan = try await self.plan(of: TagStore.changes(since: 1))
        #expect(plan == ["SEARCH lite_cache_tags USING COVERING INDEX lite_cache_tags_changed_at (changed_at>?)"])
    }

    /// Two keys never meet by accident, so the test gives both the same hash.
    @Test func `of two keys with one hash the later stays, and neither is taken for the other`() async throws {
        try await withTemporaryDatabase { database in
            let store = try await Cache(database).core.store
            let (one, two) = (EntryKey(hash: 7, text: "one"), EntryKey(hash: 7, text: "two"))
            let new = CacheChange.NewEntry(value: StoredValue(.blob([1])), lifetime: nil)
            try await database.write { transaction in
                let visited = VisitedEntries()
                for key in [one, two] {
                    let change = CacheChange(key: key, kind: .set(new, .absent))
                    let applied = try store.apply([change], at: 0, visited: visited, in: transaction)
                    guard case .success(.stored) = applied.results[0] else { throw TestFailed() }
                }
                let rows = (try store.row(one, in: transaction), try store.row(two, in: transaction))
                #expect(rows.0 == nil && rows.1 != nil)
                let ledger = try CacheStore.ledger(in: transaction)
                #expect(ledger.entryCount == 1)
            }
        }
    }

    private struct TestFailed: Error {}
}
