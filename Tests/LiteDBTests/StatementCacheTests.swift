import CLiteStackSQLite
import Testing

@testable import LiteDB

@Suite struct StatementCacheTests {
    @Test func `a statement is prepared once and used again`() async throws {
        try await withNotes { database in
            let connection = try database.core.factory.connect(readOnly: true)
            let first = try connection.statement("SELECT 1")
            #expect(try connection.statement("SELECT 1") === first)
            #expect(try connection.statement("SELECT 2") !== first)
            connection.finalizeStatements()
        }
    }

    @Test func `one in use is not handed out twice`() async throws {
        try await withNotes { database in
            let connection = try database.core.factory.connect(readOnly: true)
            let first = try connection.statement("SELECT 1")
            first.isActive = true
            #expect(try connection.statement("SELECT 1") !== first)
            first.isActive = false
            #expect(try connection.statement("SELECT 1") === first)
        }
    }

    @Test func `it is bounded, and the least used one leaves`() async throws {
        try await withNotes({ $0.statementCacheCount = 3 }) { database in
            let connection = try database.core.factory.connect(readOnly: true)
            let kept = try connection.statement("SELECT 0")
            for number in 1...50 {
                _ = try connection.statement("SELECT \(number)")
                #expect(try connection.statement("SELECT 0") === kept)
            }
            var count = 0
            var next = sqlite3_next_stmt(connection.handle, nil)
            while let statement = next {
                count += 1
                next = sqlite3_next_stmt(connection.handle, statement)
            }
            #expect(count <= 3)
        }
    }

    @Test func `a schema change is noticed by cached statements on every connection`() async throws {
        try await withNotes { database in
            let select: SQL = "SELECT * FROM notes"
            let before = try database.read { try $0.all(select) { $0.columnCount } }
            try await database.execute("INSERT INTO notes (body) VALUES ('x')")
            try await database.execute("ALTER TABLE notes ADD COLUMN extra TEXT")
            let after = try database.read { try $0.all(select) { $0.columnCount } }
            #expect(before == [])
            #expect(after == [3])
            let inside = try await database.write { try $0.all(select) { $0.columnCount } }
            #expect(inside == [3])
        }
    }

    @Test func `many different statements run`() async throws {
        try await withNotes({ $0.statementCacheCount = 2 }) { database in
            let sum = try database.read { snapshot in
                try (0..<200).reduce(0) { try $0 + (snapshot.first("SELECT \(raw: "\($1)")", as: Int.self) ?? 0) }
            }
            #expect(sum == 19_900)
        }
    }
}
