import LiteDB
import Testing

@Suite struct DatabaseTests {
    @Test func `a write is read back`() async throws {
        try await withDatabase { database in
            try await database.write { transaction in
                try transaction.executeScript("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT")
                try transaction.execute("INSERT INTO notes (body) VALUES (\("first"))")
            }
            let body = try database.read { snapshot in try snapshot.first("SELECT body FROM notes", as: String.self) }
            #expect(body == "first")
        }
    }
}
