import LiteDB
import Testing

@Suite struct DeadlineTests {
    @Test func `a write behind a slow one of the same process is busy at its deadline, and is not run`() async throws {
        var configuration = Database.Configuration()
        configuration.busyTimeout = .milliseconds(200)
        try await withDatabase(configuration) { database in
            try await database.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY)")
            let writer = try await HeldWriter(database)
            let error = await #expect(throws: DatabaseError.self) {
                try await database.execute("INSERT INTO notes VALUES (2)")
            }
            #expect(error?.code == .busy)
            #expect(error?.message.contains("another write of this process") == true)
            try await writer.release()
            try await database.execute("INSERT INTO notes VALUES (1)")
            let rows = try database.read { try $0.all("SELECT id FROM notes", as: Int.self) }
            #expect(rows == [1])
        }
    }
}
