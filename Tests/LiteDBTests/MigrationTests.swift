import LiteDB
import Testing

@Suite struct MigrationTests {
    let notes = Migration("create notes", sql: "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT")

    @Test func `migrations apply once, in order`() async throws {
        try await withDatabase { database in
            let second = Migration("first note") { transaction in
                try transaction.execute("INSERT INTO notes (body) VALUES (\("hello"))")
            }
            let report = try await database.migrate([notes, second])
            #expect(report.applied == ["create notes", "first note"])
            let again = try await database.migrate([notes, second])
            #expect(again.applied == [])
            let found = try database.read { try $0.rowCount(of: "notes") }
            #expect(found == 1)
        }
    }

    @Test func `a migration that fails leaves nothing, and those before it stay`() async throws {
        try await withDatabase { database in
            let bad = Migration("bad", sql: "CREATE TABLE half (id INTEGER); INSERT INTO missing VALUES (1)")
            let error = await #expect(throws: DatabaseError.self) { try await database.migrate([notes, bad]) }
            #expect(error?.code == .migration)
            #expect((error?.underlying as? DatabaseError)?.code == .invalidSQL)
            let found = try database.read { try $0.tables().map(\.name) }
            #expect(found == ["lite_migrations", "notes"])
        }
    }

    @Test func `an edited migration is refused`() async throws {
        try await withDatabase { database in
            try await database.migrate([notes])
            let edited = Migration("create notes", sql: "CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT")
            let error = await #expect(throws: DatabaseError.self) { try await database.migrate([edited]) }
            #expect(error?.code == .migration)
        }
    }

    @Test func `a name that is used twice is refused before anything runs`() async throws {
        try await withDatabase { database in
            await #expect(throws: DatabaseError.self) { try await database.migrate([notes, notes]) }
            let found = try database.read { try $0.tables() }
            #expect(found.isEmpty)
        }
    }

    @Test func `what a newer release applied is told and is no error`() async throws {
        try await withDatabase { database in
            try await database.migrate([notes, Migration("newer", sql: "CREATE TABLE newer (id INTEGER)")])
            let report = try await database.migrate([notes])
            #expect(report.applied == [] && report.unknown == ["newer"])
        }
    }

    @Test func `a table that others refer to can be rebuilt`() async throws {
        try await withDatabase { database in
            try await database.migrate([
                Migration(
                    "tables",
                    sql: """
                        CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT);
                        CREATE TABLE books (id INTEGER PRIMARY KEY, author INTEGER NOT NULL REFERENCES authors (id));
                        INSERT INTO authors VALUES (1, 'Ursula');
                        INSERT INTO books VALUES (1, 1);
                        """)
            ])
            try await database.migrate([
                Migration(
                    "rebuild",
                    sql: """
                        CREATE TABLE new_authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
                        INSERT INTO new_authors SELECT id, name FROM authors;
                        DROP TABLE authors;
                        ALTER TABLE new_authors RENAME TO authors;
                        """,
                    rebuildsTables: true)
            ])
            let found = try database.read { try $0.rowCount(of: "books") }
            #expect(found == 1)
            // Foreign keys are on again.
            await #expect(throws: DatabaseError.self) {
                try await database.execute("INSERT INTO books VALUES (2, 99)")
            }
        }
    }

    @Test func `a rebuild that breaks a foreign key is undone`() async throws {
        try await withDatabase { database in
            try await database.migrate([
                Migration(
                    "tables",
                    sql: """
                        CREATE TABLE authors (id INTEGER PRIMARY KEY);
                        CREATE TABLE books (author INTEGER REFERENCES authors (id));
                        INSERT INTO authors VALUES (1);
                        INSERT INTO books VALUES (1);
                        """)
            ])
            let error = await #expect(throws: DatabaseError.self) {
                try await database.migrate([Migration("break", sql: "DELETE FROM authors", rebuildsTables: true)])
            }
            #expect((error?.underlying as? DatabaseError)?.code == .constraint)
            let found = try database.read { try $0.rowCount(of: "authors") }
            #expect(found == 1)
        }
    }

    @Test func `several that start at once apply each migration once`() async throws {
        try await withDatabase { database in
            let insert = Migration("insert") { try $0.execute("INSERT INTO notes (body) VALUES ('one')") }
            let applied = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await database.migrate([notes, insert]).applied.count } }
                return try await group.reduce(0, +)
            }
            #expect(applied == 2)
            let found = try database.read { try $0.rowCount(of: "notes") }
            #expect(found == 1)
        }
    }
}
