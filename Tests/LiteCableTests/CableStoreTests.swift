import LiteDB
import Testing

@testable import LiteCable

@Suite(.timeLimit(.minutes(5))) struct CableStoreTests {
    private func plan(_ sql: SQL, in database: Database) throws -> [String] {
        try database.read { snapshot in
            try snapshot.all(SQL("EXPLAIN QUERY PLAN " + sql.text, arguments: sql.arguments)) { try $0.text(3) }
        }
    }

    @Test func `reading on follows the primary key and sorts nothing`() async throws {
        try await withCable { _, database in
            let plan = try plan(CableStore.scan(after: 5, through: 1_005, limit: 64), in: database)
            #expect(
                plan == ["SEARCH lite_cable_messages USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"], "\(plan)")
        }
    }

    @Test func `the next message is found without a scan of the log`() async throws {
        try await withCable { _, database in
            let plan = try plan(CableStore.nextQuery(after: 5), in: database)
            #expect(plan == ["SEARCH lite_cable_messages USING INTEGER PRIMARY KEY (rowid>?)"], "\(plan)")
        }
    }

    @Test func `weighing and trimming follow the primary key`() async throws {
        try await withCable { _, database in
            for query in [CableStore.oldest(of: 0, after: 5), CableStore.weighing(after: 5, through: 69)] {
                let plan = try plan(query, in: database)
                #expect(
                    plan.first?.hasPrefix("SEARCH lite_cable_messages USING INTEGER PRIMARY KEY") == true, "\(plan)")
            }
            #expect(!(try plan(CableStore.oldest(of: 0, after: 5), in: database)).contains { $0.contains("B-TREE") })
        }
    }

    @Test func `looking for the oldest passes each message once, also of a rule with few messages`() async throws {
        var configuration = Cable.Configuration()
        var few = Cable.Retention("few")
        few.maximumMessageCount = 100
        configuration.retention = [few]
        try await withCable(configuration) { cable, database in
            try await cable.publish("one", to: "few")
            for _ in 0..<640 { try await cable.publish("x", to: "many") }
            for _ in 0..<64 { try await cable.publish("y", to: "few") }
            let scanned = try database.read { snapshot in
                try snapshot.all("SELECT scanned_through FROM lite_cable_retention ORDER BY id", as: Int64.self)
            }
            // Each stands before its oldest message, and so reads one row.
            #expect(scanned == [1, 0])
        }
    }
}
