import Foundation
import LiteDB
import LiteStackTesting
import Testing

struct TemporaryDatabaseTests {
    @Test func `a folder is private, and gone afterwards`() async throws {
        let path = try await withTemporaryDirectory { path in
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o700)
            return path
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `a folder is gone after an error as well`() async throws {
        struct Broken: Error {}
        var path = ""
        await #expect(throws: Broken.self) {
            try await withTemporaryDirectory { folder in
                path = folder
                throw Broken()
            }
        }
        #expect(!path.isEmpty && !FileManager.default.fileExists(atPath: path))
    }

    @Test func `a database is migrated, usable, and closed afterwards`() async throws {
        let database = try await withTemporaryDatabase(
            migrations: [Migration("notes", sql: "CREATE TABLE notes (body TEXT NOT NULL) STRICT")]
        ) { database in
            try await database.execute("INSERT INTO notes VALUES ('kept')")
            let kept = try database.read { try $0.all("SELECT body FROM notes", as: String.self) }
            #expect(kept == ["kept"])
            return database
        }
        let error = #expect(throws: DatabaseError.self) { try database.read { _ in } }
        #expect(error?.code == .closed)
        #expect(!FileManager.default.fileExists(atPath: database.path))
    }
}
