import Testing

@testable import LiteDB

@Suite struct SnapshotAgeTests {
    @Test func `a read that takes longer than allowed is ended, and the next one runs`() async throws {
        var configuration = Database.Configuration()
        configuration.maximumSnapshotAge = .milliseconds(50)
        try await withDatabase(configuration) { database in
            let error = #expect(throws: DatabaseError.self) {
                try database.read { snapshot in
                    try snapshot.first(
                        """
                        WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000000000)
                        SELECT count(*) FROM numbers
                        """, as: Int.self)
                }
            }
            #expect(error?.code == .snapshotTooOld)
            let one = try database.read { try $0.first("SELECT 1", as: Int.self) }
            #expect(one == 1)
        }
    }

    @Test func `LiteDB's own statements never expire, however often a reader is used after a pause`() async throws {
        var configuration = Database.Configuration()
        configuration.maximumSnapshotAge = .microseconds(1)
        configuration.keepsSnapshots = false
        try await withDatabase(configuration) { database in
            // SQLite looks at the clock each 1,000 instructions, counted over all runs of a statement.
            for _ in 0..<2_000 { _ = try? database.read { try $0.first("SELECT 1", as: Int.self) } }
            let reader = database.core.readers.all[0]
            #expect(reader.connection.isInAutocommit)
            #expect(reader.snapshotStart == nil)
        }
    }
}
