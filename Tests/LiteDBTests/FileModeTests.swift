import Foundation
import LiteDB
import Testing

@Suite struct FileModeTests {
    @Test func `the files of a new database are private even in a folder that is not`() async throws {
        try await withFolder { folder in
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder)
            let database = try await Database.open(at: folder + "/app.sqlite3")
            try await database.execute("CREATE TABLE notes (body TEXT) STRICT")
            for name in ["app.sqlite3", "app.sqlite3-wal", "app.sqlite3-shm"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/" + name)
                #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
            }
            await database.close()
        }
    }
}
