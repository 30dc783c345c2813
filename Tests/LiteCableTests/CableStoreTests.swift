import LiteDB
import Testing

@testable import LiteCable

@Suite(.timeLimit(.minutes(1))) struct CableStoreTests {
    private func plan(_ sql: SQL, in database: Database) throws -> [String] {
        try database.read { snapshot in
            try snapshot.all(SQL("EXPLAIN QUERY PLAN " + sql.text, arguments: sql.arguments)) { try $0.text(3) }
        }
    }

    @Test func `reading on follows the primary key and sorts nothing`() async throws {
        try await withCable { _, database in
            let plan = try plan(CableStore.scan(after: 5, through: 1_005, channels: ["a", "b"]), in: database)
            #expect(
                plan.first == "SEARCH lite_cable_messages USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)", "\(plan)")
            #expect(!plan.contains { $0.contains("TEMP B-TREE") })
        }
    }

    @Test func `the ends of the log are found without a scan of it`() async throws {
        try await withCable { _, database in
            let plan = try plan(CableStore.boundsQuery, in: database)
            #expect(plan.contains("SEARCH lite_cable_messages"), "\(plan)")
            #expect(!plan.contains("SCAN lite_cable_messages"))
        }
    }

    @Test func `the oldest messages are found in the order of the primary key`() async throws {
        try await withCable { _, database in
            let plan = try plan(CableStore.oldest, in: database)
            #expect(plan == ["SCAN lite_cable_messages"])
        }
    }
}
