import Testing

@testable import LiteDB

@Suite struct TransactionTests {
    struct Refused: Error {}

    @Test func `write returns what its closure returns`() async throws {
        try await withNotes { database in
            let id = try await database.write { transaction in
                try transaction.execute("INSERT INTO notes (body) VALUES ('x')")
                return transaction.lastInsertedRowID
            }
            #expect(id == 1)
            let optional: Int? = try await database.write { try $0.first("SELECT 1 WHERE 0", as: Int.self) }
            #expect(optional == nil)
        }
    }

    @Test(arguments: [Database.Durability.full, .normal])
    func `execute counts the rows that it changed`(durability: Database.Durability) async throws {
        try await withNotes({ $0.durability = durability }) { database in
            let counts = [
                try await database.execute("INSERT INTO notes (body) VALUES ('a'), ('b'), ('c')"),
                try await database.execute("UPDATE notes SET body = body || '.' WHERE id > 1"),
                try await database.execute("INSERT OR IGNORE INTO notes (body) VALUES ('a')"),
                try await database.execute("DELETE FROM notes WHERE id = 99"),
                try await database.execute("CREATE TABLE more (x)"),
                try await database.execute(
                    "INSERT INTO notes (body) VALUES ('d') ON CONFLICT DO UPDATE SET body = 'e'"),
                try await database.execute("SELECT 1"),
                try await database.execute("DELETE FROM notes"),
            ]
            #expect(counts == [3, 2, 0, 0, 0, 1, 0, 4])
        }
    }

    @Test func `rows that triggers change are not counted`() async throws {
        try await withNotes { database in
            try await database.write { transaction in
                try transaction.executeScript(
                    """
                    CREATE TABLE log (line TEXT);
                    CREATE TRIGGER t AFTER INSERT ON notes BEGIN
                        INSERT INTO log VALUES ('a'); INSERT INTO log VALUES ('b');
                    END
                    """)
            }
            #expect(try await database.execute("INSERT INTO notes (body) VALUES ('x')") == 1)
            let lines = try database.read { try $0.first("SELECT count(*) FROM log", as: Int.self) }
            #expect(lines == 2)
        }
    }

    @Test func `RETURNING gives its rows`() async throws {
        try await withNotes { database in
            let ids = try await database.write { transaction in
                try transaction.all("INSERT INTO notes (body) VALUES ('a'), ('b') RETURNING id", as: Int.self)
            }
            #expect(ids == [1, 2])
            let gone = try await database.write { transaction in
                try transaction.first("DELETE FROM notes WHERE id = 2 RETURNING body", as: String.self)
            }
            #expect(gone == "b")
            try database.expectNotes(["a"])
        }
    }

    @Test(arguments: [Database.Durability.full, .normal])
    func `a savepoint undoes its own part only, at any depth`(durability: Database.Durability) async throws {
        try await withNotes({ $0.durability = durability }) { database in
            try await database.write { transaction in
                try transaction.execute("INSERT INTO notes (body) VALUES ('1')")
                try transaction.savepoint { outer in
                    try outer.execute("INSERT INTO notes (body) VALUES ('2')")
                    #expect(throws: Refused.self) {
                        try outer.savepoint { inner in
                            try inner.execute("INSERT INTO notes (body) VALUES ('3')")
                            try inner.savepoint { _ = try $0.execute("INSERT INTO notes (body) VALUES ('4')") }
                            throw Refused()
                        }
                    }
                    try outer.savepoint { _ = try $0.execute("INSERT INTO notes (body) VALUES ('5')") }
                }
                #expect(throws: DatabaseError.self) {
                    try transaction.savepoint { nested in
                        try nested.execute("INSERT INTO notes (body) VALUES ('6')")
                        try nested.execute("INSERT INTO notes (body) VALUES ('1')")
                    }
                }
                try transaction.execute("INSERT INTO notes (body) VALUES ('7')")
            }
            try database.expectNotes(["1", "2", "5", "7"])
        }
    }

    @Test func `a savepoint returns a value, and a cursor around it goes on`() async throws {
        try await withNotes { database in
            try await database.execute("INSERT INTO notes (body) VALUES ('a'), ('b'), ('c')")
            let changed = try await database.write { transaction in
                var changed = 0
                let ids = try transaction.all("SELECT id FROM notes", as: Int.self)
                for id in ids {
                    changed += try transaction.savepoint { nested in
                        try nested.execute("UPDATE notes SET body = body || \(id) WHERE id = \(id)")
                    }
                }
                return changed
            }
            #expect(changed == 3)
            try database.expectNotes(["a1", "b2", "c3"])
        }
    }

    @Test func `foreign keys are on`() async throws {
        try await withNotes { database in
            try await database.execute("CREATE TABLE replies (note INTEGER REFERENCES notes (id))")
            #expect(try await code { try await database.execute("INSERT INTO replies VALUES (1)") } == .constraint)
        }
    }

    @Test func `the same statement can run inside its own rows`() async throws {
        try await withNotes { database in
            try await database.execute("INSERT INTO notes (body) VALUES ('a'), ('b')")
            let pairs = try database.read { snapshot in
                try snapshot.all("SELECT body FROM notes ORDER BY id") { outer in
                    let body = try outer.text(0)
                    return try snapshot.all("SELECT body FROM notes ORDER BY id", as: String.self).map { body + $0 }
                }
            }
            #expect(pairs == [["aa", "ab"], ["ba", "bb"]])
        }
    }

    @Test func `many rows pass one by one`() async throws {
        try await withDatabase { database in
            var sum = 0
            try database.read { snapshot in
                try snapshot.forEach(
                    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i FROM n"
                ) { row in
                    sum += Int(try row.integer(0))
                }
            }
            #expect(sum == 5_000_050_000)
        }
    }
}
