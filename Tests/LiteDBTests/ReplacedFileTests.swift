import Foundation
import Testing

@testable import LiteDB

/// A file that another program put in the place of the open one.
@Suite struct ReplacedFileTests {
    @Test func `a replaced file takes no more reads and writes`() async throws {
        try await withNotes { database in
            try await database.execute("INSERT INTO notes (body) VALUES ('old')")
            let listener = Task { for await _ in database.commits() {} }
            try Self.moveAside(database.path)
            let child = try ChildProcess("raw", database.path, "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)")
            #expect(try await child.line() == "0")
            try await eventually("it is noticed") { try await code { try database.read { _ in } } == .replaced }
            #expect(try await code { try await database.execute("DELETE FROM notes") } == .replaced)
            #expect(try await code { try await database.write { _ in } } == .replaced)
            #expect(try await code { try await database.scan { _ in } } == .replaced)
            await listener.value
        }
    }

    @Test func `a deleted file is told as replaced`() async throws {
        try await withNotes { database in
            try FileManager.default.removeItem(atPath: database.path)
            try await eventually("it is noticed") {
                try await code { try await database.execute("DELETE FROM notes") } == .replaced
            }
        }
    }

    @Test func `closing the old file leaves the new one and its WAL alone`() async throws {
        try await withNotes { old in
            try await old.execute("INSERT INTO notes (body) VALUES ('old')")
            try Self.moveAside(old.path)
            let child = try ChildProcess("raw", old.path, "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)")
            #expect(try await child.line() == "0")
            let writer = try ChildProcess("insert", old.path, "10", "new")
            #expect(try await writer.line() == "done")
            await old.close()
            writer.kill()
            await writer.exit()
            try await withDatabase(at: old.path) { new in
                try new.expectNotes((0..<10).map { "new \($0)" })
            }
            #expect(try RawConnection(old.path + ".aside").all("SELECT body FROM notes") == ["old"])
        }
    }

    @Test func `the new file can be opened while the old one is still open`() async throws {
        try await withNotes { old in
            try Self.moveAside(old.path)
            try await withDatabase(at: old.path) { new in
                #expect(new.identifier != old.identifier)
                try await new.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)")
                try await new.execute("INSERT INTO notes (body) VALUES ('new')")
                try new.expectNotes(["new"])
                try await eventually("it is noticed") { try await code { try old.read { _ in } } == .replaced }
                try new.expectNotes(["new"])
            }
        }
    }

    private static func moveAside(_ path: String) throws {
        for suffix in ["", "-wal", "-shm"] {
            try FileManager.default.moveItem(atPath: path + suffix, toPath: path + ".aside" + suffix)
        }
    }
}
