import Foundation
import LiteDB
import Testing

@Suite struct BackupTests {
    @Test func `a backup taken while others write is whole`() async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE pairs (a INTEGER, b BLOB)")
            try await database.write { transaction in
                for number in 0..<2000 {
                    try transaction.execute("INSERT INTO pairs VALUES (\(number), zeroblob(2000))")
                }
            }
            let copy = database.directory + "/copy.sqlite3"
            async let writes: Void = {
                for _ in 0..<50 {
                    try await database.write { transaction in
                        try transaction.execute("INSERT INTO pairs VALUES (1, NULL)")
                        try transaction.execute("INSERT INTO pairs VALUES (-1, NULL)")
                    }
                }
            }()
            try await database.backup(to: copy)
            try await writes
            let restored = try await Database.open(at: copy)
            let (sum, check) = try restored.read { snapshot in
                (
                    try snapshot.first("SELECT sum(a) FROM pairs WHERE b IS NULL", as: Int?.self) ?? 0,
                    try snapshot.first("PRAGMA integrity_check", as: String.self)
                )
            }
            #expect(sum ?? 0 == 0)
            #expect(check == "ok")
            await restored.close()
            let mode = try FileManager.default.attributesOfItem(atPath: copy)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test func `a file that is there is kept unless replacing is asked for`() async throws {
        try await withDatabase { database in
            let copy = database.directory + "/copy.sqlite3"
            try await database.backup(to: copy)
            let error = await #expect(throws: DatabaseError.self) { try await database.backup(to: copy) }
            #expect(error?.code == .cannotOpen)
            try await database.backup(to: copy, replacing: true)
        }
    }

    @Test func `backing up onto itself is refused`() async throws {
        try await withDatabase { database in
            let error = await #expect(throws: DatabaseError.self) {
                try await database.backup(to: database.path, replacing: true)
            }
            #expect(error?.code == .cannotOpen)
        }
    }

    @Test func `a cancelled or failed backup leaves no file`() async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE blobs AS SELECT zeroblob(8000000) AS b")
            let directory = database.directory
            let task = Task { try await database.backup(to: directory + "/copy.sqlite3") }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            await #expect(throws: DatabaseError.self) {
                try await database.backup(to: directory + "/missing/copy.sqlite3")
            }
            let files = try FileManager.default.contentsOfDirectory(atPath: directory)
            #expect(!files.contains { $0.contains("copy") })
        }
    }

    @Test func `the WAL of an older database at that path does not come back over a backup`() async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE kept (n INTEGER)")
            let copy = database.directory + "/copy.sqlite3"
            try Data("an old WAL".utf8).write(to: URL(fileURLWithPath: copy + "-wal"))
            let error = await #expect(throws: DatabaseError.self) { try await database.backup(to: copy) }
            #expect(error?.code == .cannotOpen)
            try await database.backup(to: copy, replacing: true)
            #expect(!FileManager.default.fileExists(atPath: copy + "-wal"))
        }
    }
}
