import Testing

@testable import LiteDB

/// Whoever waits for commits hears of each, from any process, and only of the tables it asked for.
@Suite struct CommitSequenceTests {
    @Test func `the first element comes at once, and one after each commit`() async throws {
        try await withNotes { database in
            let commits = database.commits().makeAsyncIterator()
            #expect(await commits.next() != nil)
            for number in 0..<10 {
                try await database.execute("INSERT INTO notes (body) VALUES (\(number))")
                #expect(await commits.next() != nil)
            }
        }
    }

    @Test func `a commit of another process arrives`() async throws {
        try await withNotes { database in
            let commits = database.changes(in: ["notes"]).makeAsyncIterator()
            _ = await commits.next()
            let child = try ChildProcess("insert", database.path, "1", "theirs")
            while try database.notes().isEmpty { #expect(await commits.next() != nil) }
            #expect(try await child.line() == "done")
        }
    }

    @Test func `the death of another process wakes who waits, although nothing was committed`() async throws {
        try await withNotes { database in
            let child = try ChildProcess("hold-snapshot", database.path)
            #expect(try await child.line() == "read 0")
            let listener = CommitListener(tables: ["notes"])
            database.core.hub.add(listener)
            // The child opened the file just now, which is a change too.
            #expect(await listener.next())
            let token = database.changeToken()
            child.kill()
            #expect(await listener.next())
            #expect(try database.isCurrent(token))
        }
    }

    @Test func `a commit of a foreign program arrives`() async throws {
        try await withNotes { database in
            let commits = database.changes(in: ["notes"]).makeAsyncIterator()
            _ = await commits.next()
            try RawConnection(database.path).execute("INSERT INTO notes (body) VALUES ('theirs')")
            #expect(await commits.next() != nil)
            try database.expectNotes(["theirs"])
        }
    }

    @Test func `commits that come while nobody waits are one element`() async throws {
        try await withNotes { database in
            let listener = CommitListener(tables: nil)
            database.core.hub.add(listener)
            for number in 0..<5 { try await database.execute("INSERT INTO notes (body) VALUES (\(number))") }
            #expect(await listener.next())
            #expect(await listener.isSignalled() == false)
        }
    }

    static let writes: [(String, told: Set<String>)] = [
        ("INSERT INTO notes (body) VALUES ('x')", ["notes", "log"]),
        ("UPDATE \"NOTES\" SET body = 'y'", ["notes"]),
        ("DELETE FROM authors", ["authors", "books"]),
        ("INSERT INTO books (author) VALUES (1)", ["books"]),
        ("DELETE FROM books WHERE 0", []),
        ("CREATE TABLE more (x)", ["sqlite_master"]),
        ("DROP TABLE books", ["books", "sqlite_master"]),
    ]

    @Test(arguments: writes)
    func `only those are told who asked for a written table`(write: String, told: Set<String>) async throws {
        try await withTables { database in
            let tables = ["notes", "log", "authors", "books", "sqlite_master"]
            // Whatever the background finds to tell, it tells before this.
            database.core.hub.lookForForeignCommits()
            let listeners = tables.map { CommitListener(tables: [$0]) }
            for listener in listeners {
                _ = await listener.next()
                database.core.hub.add(listener)
            }
            try await database.execute(SQL(write))
            var heard: Set<String> = []
            for (table, listener) in zip(tables, listeners) where await listener.isSignalled() { heard.insert(table) }
            #expect(heard == told)
        }
    }

    @Test func `a trigger that is made later counts for statements that were prepared before`() async throws {
        try await withTables { database in
            let statement: SQL = "INSERT INTO books (author) VALUES (NULL)"
            try await database.execute(statement)
            try await database.execute(
                "CREATE TRIGGER books_log AFTER INSERT ON books BEGIN INSERT INTO log (line) VALUES ('book'); END")
            let listener = CommitListener(tables: ["log"])
            _ = await listener.next()
            database.core.hub.add(listener)
            try await database.execute(statement)
            #expect(await listener.isSignalled())
        }
    }

    @Test func `a write that is rolled back tells nobody`() async throws {
        try await withTables { database in
            let listener = CommitListener(tables: nil)
            _ = await listener.next()
            database.core.hub.add(listener)
            _ = try? await database.write { transaction in
                try transaction.execute("INSERT INTO notes (body) VALUES ('x')")
                throw ReadTests.Refused()
            }
            #expect(await listener.isSignalled() == false)
        }
    }

    @Test func `it ends when the database is closed, also if it starts afterwards`() async throws {
        try await withNotes { database in
            let commits = database.commits()
            let waiting = Task { for await _ in commits {} }
            await database.close()
            await waiting.value
            let late = database.commits().makeAsyncIterator()
            #expect(await late.next() == nil)
        }
    }

    @Test func `a cancelled task stops waiting`() async throws {
        try await withNotes { database in
            let commits = database.commits()
            let first = Latch()
            let waiting = Task { for await _ in commits { first.open() } }
            await first.wait()
            waiting.cancel()
            await waiting.value
            _ = try database.notes()
        }
    }

    private func withTables(_ body: (Database) async throws -> Void) async throws {
        try await withNotes { database in
            try await database.write { transaction in
                try transaction.executeScript(
                    """
                    CREATE TABLE log (line TEXT);
                    CREATE TRIGGER notes_log AFTER INSERT ON notes BEGIN INSERT INTO log (line) VALUES ('note'); END;
                    CREATE TABLE authors (id INTEGER PRIMARY KEY);
                    CREATE TABLE books (author INTEGER REFERENCES authors (id) ON DELETE CASCADE);
                    INSERT INTO authors VALUES (1);
                    """)
            }
            try await database.execute("INSERT INTO books (author) VALUES (1)")
            try await database.execute("INSERT INTO notes (body) VALUES ('first')")
            try await body(database)
        }
    }
}

extension CommitListener {
    /// Whether a signal waits to be taken. The listener is of no use afterwards.
    func isSignalled() async -> Bool {
        let next = Task.immediate { await self.next() }
        next.cancel()
        return await next.value
    }
}
