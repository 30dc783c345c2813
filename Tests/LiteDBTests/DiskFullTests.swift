import Glibc
import Testing

@testable import LiteDB

/// A disk that is full: those callers get `.diskFull`, the file stays consistent, and works again when there is room.
@Suite struct DiskFullTests {
    @Test func `a disk that fills up in the middle of a group fails that write and loses the group`() async throws {
        try await withNotes(Self.smallCache) { database in
            try await database.execute("INSERT INTO notes (body) VALUES ('old')")
            let writer = try await HeldWriter(database)
            let first = try await writer.queue { try $0.execute("INSERT INTO notes (body) VALUES ('first')") }
            let value = try await writer.queue {
                try await database.execute("INSERT INTO notes (body) VALUES ('value')")
            }
            let large = try await writer.queue { try Self.insertMegabytes($0) }
            let fourth = try await writer.queue { try $0.execute("INSERT INTO notes (body) VALUES ('fourth')") }
            // The pages that do not fit into the cache go to the WAL before the commit: those writes fail.
            let fault = Fault(.pwrite, on: database.path + "-wal", skipping: 10, count: 1, error: ENOSPC)
            try await writer.release()
            let failures = try await [
                code { try await first.value }, code { try await value.value }, code { try await large.value },
                code { try await fourth.value },
            ]
            #expect(fault.disarm() == 1)
            // Only SQLite knows whether it could undo the one statement or had to end the transaction.
            #expect(failures[0] == nil || failures[0] == .groupRolledBack)
            #expect(failures[1] == nil)
            #expect(failures[2] == .diskFull)
            #expect(failures[3] == nil)
            let expected = ["old"] + (failures[0] == nil ? ["first", "value"] : ["value"]) + ["fourth"]
            #expect(Set(try database.notes()) == Set(expected))
            #expect(try database.read { try $0.first("PRAGMA integrity_check", as: String.self) } == "ok")
            // There is room again.
            #expect(try await database.write { try Self.insertMegabytes($0) } > 0)
        }
    }

    @Test func `a closure that swallows a full disk is told, and writes nothing`() async throws {
        try await withNotes(Self.smallCache) { database in
            let path = database.path
            try await database.execute("CREATE TABLE blobs (content BLOB) STRICT")
            let failure = try await code {
                try await database.write { transaction in
                    try transaction.execute("INSERT INTO notes (body) VALUES ('first')")
                    let fault = Fault(.pwrite, on: path + "-wal", error: ENOSPC)
                    defer { fault.disarm() }
                    _ = try? transaction.execute(Self.megabytes)
                    _ = try? transaction.execute("INSERT INTO notes (body) VALUES ('alone')")
                }
            }
            let notes = try database.notes()
            // Either SQLite undid the one statement and the rest is whole, or nothing at all is there.
            #expect(failure == .diskFull ? notes.isEmpty : failure == nil && notes == ["first", "alone"])
        }
    }

    @Test(arguments: [Database.Durability.full, .normal])
    func `a commit that finds no room fails everybody in it, and nothing comes back`(
        durability: Database.Durability
    ) async throws {
        try await withNotes({ $0.durability = durability }) { database in
            let writer = try await HeldWriter(database)
            let first = try await writer.queue { try $0.execute("INSERT INTO notes (body) VALUES ('first')") }
            let second = try await writer.queue { try $0.execute("INSERT INTO notes (body) VALUES ('second')") }
            let fault = Fault(.pwrite, on: database.path + "-wal", count: 1, error: ENOSPC)
            try await writer.release()
            #expect(try await code { try await first.value } == .diskFull)
            #expect(try await code { try await second.value } == .diskFull)
            #expect(fault.disarm() == 1)
            try database.expectNotes([])
            #expect(try await database.execute("INSERT INTO notes (body) VALUES ('third')") == 1)
            try database.expectNotes(["third"])
        }
    }

    @Test func `reading works while the disk is full`() async throws {
        try await withNotes { database in
            try await database.execute("INSERT INTO notes (body) VALUES ('old')")
            let fault = Fault(.pwrite, on: database.path + "-wal", error: ENOSPC)
            defer { fault.disarm() }
            for _ in 0..<3 {
                #expect(try await code { try await database.execute("DELETE FROM notes") } == .diskFull)
                try database.expectNotes(["old"])
            }
        }
    }

    @Test func `opening without room for the shared memory says that the disk is full`() async throws {
        try await withFolder { folder in
            let path = folder + "/test.sqlite3"
            try await withDatabase(at: path) { database in
                _ = try await database.execute("CREATE TABLE notes (x)")
            }
            let fault = Fault(.pwrite, on: path + "-shm", error: ENOSPC)
            #expect(try await code { try await Database.open(at: path) } == .diskFull)
            #expect(fault.disarm() > 0)
            let count = try await withDatabase(at: path) { database in
                try database.read { try $0.first("SELECT count(*) FROM notes", as: Int.self) }
            }
            #expect(count == 0)
        }
    }

    static func smallCache(_ configuration: inout Database.Configuration) {
        configuration.cacheBytes = 64 << 10
    }

    private static let megabytes: SQL = """
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
        INSERT INTO blobs (content) SELECT randomblob(4000) FROM n
        """

    @Sendable private static func insertMegabytes(_ transaction: borrowing Transaction) throws -> Int {
        try transaction.execute("CREATE TABLE IF NOT EXISTS blobs (content BLOB) STRICT")
        return try transaction.execute(megabytes)
    }
}
