import Testing

@testable import LiteDB

/// What LiteDB keeps for itself: transactions, attached files, and the settings that its guarantees rest on.
@Suite struct RefusedStatementTests {
    static let everywhere = [
        "BEGIN", "BEGIN IMMEDIATE", "COMMIT", "END", "ROLLBACK", "SAVEPOINT mine", "RELEASE lite_write",
        "ROLLBACK TO lite_write", "COMMIT; BEGIN", "ATTACH ':memory:' AS other", "DETACH main",
        "PRAGMA journal_mode = DELETE", "PRAGMA main.journal_mode = DELETE", "PRAGMA journal_mode(MEMORY)",
        "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA synchronous = OFF", "PRAGMA wal_checkpoint",
        "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA wal_autocheckpoint = 1000", "PRAGMA foreign_keys = OFF",
        "PRAGMA writable_schema = ON", "PRAGMA query_only = OFF", "pragma Journal_Mode = delete",
        "/* innocent */ COMMIT", "PRAGMA busy_timeout = 0", "PRAGMA mmap_size = 1000000",
    ]

    @Test(arguments: everywhere)
    func `a write closure that says it is refused, and the rest of its group is written`(
        statement: String
    ) async throws {
        try await withNotes { database in
            let writer = try await HeldWriter(database)
            let first = try await writer.queue { try $0.execute("INSERT INTO notes (body) VALUES ('first')") }
            let second = try await writer.queue { transaction in
                try transaction.execute("INSERT INTO notes (body) VALUES ('second')")
                try transaction.executeScript(statement)
            }
            let swallowing = try await writer.queue { transaction in
                try transaction.execute("INSERT INTO notes (body) VALUES ('third')")
                _ = try? transaction.executeScript(statement)
            }
            try await writer.release()
            #expect(try await first.value == 1)
            #expect(try await code { try await second.value } == .refusedStatement)
            try await swallowing.value
            try database.expectNotes(["first", "third"])
        }
    }

    @Test(arguments: everywhere.filter { !$0.contains(";") })
    func `a read closure that says it is refused, and reading goes on`(statement: String) async throws {
        try await withNotes { database in
            let refused = try await code { try database.read { try $0.all(SQL(statement), as: String?.self) } }
            #expect(refused == .refusedStatement)
            try database.expectNotes([])
        }
    }

    @Test(arguments: [
        "INSERT INTO notes (body) VALUES ('x')", "DELETE FROM notes", "UPDATE notes SET body = 'y'",
        "CREATE TABLE more (x)", "DROP TABLE notes", "CREATE INDEX more ON notes (body)", "PRAGMA user_version = 7",
        "ANALYZE", "ALTER TABLE notes ADD COLUMN more TEXT",
    ])
    func `a read cannot write`(statement: String) async throws {
        try await withNotes { database in
            try await database.execute("INSERT INTO notes (body) VALUES ('kept')")
            let refused = try await code { try database.read { try $0.all(SQL(statement), as: String?.self) } }
            #expect(refused == .readOnly)
            try database.expectNotes(["kept"])
            #expect(try database.read { try $0.first("PRAGMA user_version", as: Int.self) } == 0)
        }
    }

    @Test(arguments: [
        "PRAGMA journal_mode", "PRAGMA table_info(notes)", "PRAGMA user_version", "PRAGMA foreign_keys",
        "PRAGMA integrity_check", "PRAGMA synchronous", "PRAGMA page_count", "EXPLAIN QUERY PLAN SELECT * FROM notes",
    ])
    func `what only asks is allowed`(statement: String) async throws {
        try await withNotes { database in
            _ = try database.read { try $0.all(SQL(statement)) { $0.columnCount } }
            _ = try await database.write { try $0.all(SQL(statement)) { $0.columnCount } }
        }
    }

    @Test func `a schema change does not let a refused statement through`() async throws {
        try await withNotes { database in
            for round in 0..<3 {
                try await database.execute("CREATE TABLE \(identifier: "more\(round)") (x)")
                let refused = try await code { try await database.write { try $0.execute("SAVEPOINT mine") } }
                #expect(refused == .refusedStatement)
                _ = try await database.execute("INSERT INTO notes (body) VALUES (\(round))")
            }
            try database.expectNotes(["0", "1", "2"])
        }
    }
}
