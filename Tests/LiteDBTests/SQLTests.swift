import Testing

@testable import LiteDB

@Suite struct SQLTests {
    @Test func `what is interpolated is bound`() {
        let name = "x'); DROP TABLE notes; --"
        let sql: SQL = "SELECT \(name), \(3), \(Double.pi), \(Int?.none)"
        #expect(sql.text == "SELECT ?, ?, ?, ?")
        #expect(sql.arguments == [.text(name), .integer(3), .real(.pi), .null])
    }

    @Test func `a list becomes as many placeholders, and an empty one NULL`() {
        let sql: SQL = "SELECT 1 WHERE 2 IN (\(list: [1, 2, 3])) OR 3 IN (\(list: [Int]()))"
        #expect(sql.text == "SELECT 1 WHERE 2 IN (?, ?, ?) OR 3 IN (NULL)")
        #expect(sql.arguments == [.integer(1), .integer(2), .integer(3)])
    }

    @Test func `names are quoted, raw text and other statements are inserted`() {
        let condition: SQL = "id = \(7)"
        let sql: SQL =
            "SELECT \(identifier: "we\"ird") FROM notes WHERE \(condition) ORDER BY \(raw: "id DESC") LIMIT \(1)"
        #expect(sql.text == "SELECT \"we\"\"ird\" FROM notes WHERE id = ? ORDER BY id DESC LIMIT ?")
        #expect(sql.arguments == [.integer(7), .integer(1)])
    }

    @Test func `hostile values stay values`() async throws {
        try await withNotes { database in
            let hostile = ["'; DROP TABLE notes; --", "\"", "?", "\0'", "')); DELETE FROM notes"]
            for text in hostile { try await database.execute("INSERT INTO notes (body) VALUES (\(text))") }
            let found = try database.read {
                try $0.all("SELECT body FROM notes WHERE body IN (\(list: hostile))", as: String.self)
            }
            #expect(found.count == hostile.count)
        }
    }

    @Test func `a hostile name stays a name`() async throws {
        try await withNotes { database in
            let name = "x\" (y); DROP TABLE notes; --"
            try await database.execute("CREATE TABLE \(identifier: name) (z INTEGER)")
            try database.expectNotes([])
            let tables = try database.read {
                try $0.all("SELECT name FROM sqlite_schema WHERE type = 'table'", as: String.self)
            }
            #expect(tables.contains(name))
        }
    }

    @Test(arguments: [
        (SQL("SELECT ?, ?", arguments: [.integer(1)]), DatabaseError.Code.wrongArgumentCount),
        (SQL("SELECT ?", arguments: [.integer(1), .integer(2)]), .wrongArgumentCount),
        (SQL("SELECT 1", arguments: [.integer(1)]), .wrongArgumentCount),
        ("SELECT 1; SELECT 2", .notOneStatement), ("SELECT 1;; SELECT 2", .notOneStatement),
        ("", .notOneStatement), ("  ; ", .notOneStatement),
        ("-- nothing", .notOneStatement), ("SELEC 1", .invalidSQL), ("SELECT * FROM nowhere", .invalidSQL),
        ("SELECT 1; garbage", .invalidSQL), ("SELECT 'open", .invalidSQL),
        ("DELETE FROM notes\0 WHERE id = 1", .invalidSQL),
    ])
    func `what is not one complete statement is refused`(sql: SQL, expected: DatabaseError.Code) async throws {
        try await withNotes { database in
            try await database.execute("INSERT INTO notes (body) VALUES ('kept')")
            #expect(try await code { try await database.execute(sql) } == expected)
            #expect(try await code { try database.read { try $0.all(sql, as: SQLValue.self) } } == expected)
            try database.expectNotes(["kept"])
        }
    }

    @Test func `a second statement is not run, and neither is the first`() async throws {
        try await withNotes { database in
            try await database.execute("INSERT INTO notes (body) VALUES ('kept')")
            let refused = try await code { try await database.execute("DELETE FROM notes; DROP TABLE notes") }
            #expect(refused == .notOneStatement)
            try database.expectNotes(["kept"])
        }
    }

    @Test func `space, semicolons and comments around a statement are fine`() async throws {
        try await withDatabase { database in
            for text in ["SELECT 1;", " /* a */ SELECT 1 -- b", "SELECT 1; ; -- c\n", "\n;SELECT 1"] {
                let one = try database.read { try $0.first(SQL(text), as: Int.self) }
                #expect(one == 1, "\(text)")
            }
        }
    }

    @Test func `a script runs every statement`() async throws {
        try await withDatabase { database in
            try await database.write { transaction in
                try transaction.executeScript(
                    """
                    ; -- first nothing
                    CREATE TABLE a (x);;
                    /* then a trigger with statements of its own */
                    CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT 2; END;
                    ;
                    INSERT INTO a VALUES (1); INSERT INTO a VALUES (2)
                    -- the end
                    """)
                try transaction.executeScript("")
            }
            let count = try database.read { try $0.first("SELECT count(*) FROM a", as: Int.self) }
            #expect(count == 2)
        }
    }

    @Test func `a script with an error leaves nothing when it throws on`() async throws {
        try await withNotes { database in
            let refused = try await code {
                try await database.write { transaction in
                    try transaction.executeScript(
                        "INSERT INTO notes (body) VALUES ('x'); INSERT INTO nowhere VALUES (1)")
                }
            }
            #expect(refused == .invalidSQL)
            try database.expectNotes([])
        }
    }

    @Test func `an error names the statement and never a value`() async throws {
        try await withNotes { database in
            try await database.execute("INSERT INTO notes (body) VALUES (\("secret"))")
            let error = try await failure {
                try await database.execute("INSERT INTO notes (body) VALUES (\("secret"))")
            }
            #expect(error?.code == .constraint)
            #expect(error?.sql == "INSERT INTO notes (body) VALUES (?)")
            #expect(error?.sqliteCode == 2067)
            #expect(error?.description.contains("secret") == false)
        }
    }
}
