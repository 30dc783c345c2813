import Glibc
import Testing

@testable import LiteDB

/// A COMMIT that fails in I/O lies complete in the WAL: it must not come back after a crash.
@Suite struct FailedCommitTests {
    @Test func `a commit that failed in fsync does not come back after the process is killed`() async throws {
        try await withFolder { folder in
            let path = folder + "/test.sqlite3"
            let child = try ChildProcess("fail-commit", path, "1")
            // No later fsync would prove anything, so the third write is refused before it is tried.
            #expect(await child.rest() == ["io", "failed", "faults 1", "sees first"])
            #expect(await child.exit() == SIGKILL)
            #expect(try await notes(at: path) == ["first"])
        }
    }

    @Test func `SQLite alone brings such a commit back`() async throws {
        try await withFolder { folder in
            let path = folder + "/test.sqlite3"
            let child = try ChildProcess("fail-raw-commit", path)
            #expect(await child.rest() == ["\(Int32(10))"])
            await child.exit()
            #expect(try await notes(at: path) == ["first", "second"])
        }
    }

    @Test func `if the covering commit fails too the outcome is told as unknown`() async throws {
        try await withFolder { folder in
            let path = folder + "/test.sqlite3"
            let child = try ChildProcess("fail-commit", path, "1000")
            #expect(await child.rest() == ["outcomeUnknown", "failed", "faults 2", "sees first"])
            await child.exit()
            // Either is right, and the caller was told so.
            #expect([["first"], ["first", "second"]].contains(try await notes(at: path)))
        }
    }

    @Test func `after a failed fsync nothing is acknowledged until the file is reopened`() async throws {
        try await withNotes { database in
            let writer = try await HeldWriter(database)
            let first = try await writer.queue { try $0.execute("INSERT INTO notes (body) VALUES ('first')") }
            let second = try await writer.queue { try $0.execute("INSERT INTO notes (body) VALUES ('second')") }
            let fault = Fault(.fdatasync, on: database.path + "-wal", count: 1, error: EIO)
            try await writer.release()
            #expect(try await code { try await first.value } == .io)
            #expect(try await code { try await second.value } == .io)
            #expect(fault.disarm() == 1)
            #expect(try await code { try await database.execute("DELETE FROM notes") } == .failed)
            #expect(try await code { try await database.write { _ in } } == .failed)
            try database.expectNotes([])
            await database.close()
            try await withDatabase(at: database.path) { reopened in
                try await reopened.execute("INSERT INTO notes (body) VALUES ('third')")
                try reopened.expectNotes(["third"])
            }
        }
    }

    @Test func `with normal durability a write error fails its commit only`() async throws {
        try await withNotes({ $0.durability = .normal }) { database in
            let fault = Fault(.pwrite, on: database.path + "-wal", count: 1, error: EIO)
            #expect(try await code { try await database.execute("INSERT INTO notes (body) VALUES ('x')") } == .io)
            #expect(fault.disarm() == 1)
            try await database.execute("INSERT INTO notes (body) VALUES ('first')")
            try database.expectNotes(["first"])
        }
    }

    @Test func `a disk that fails for good fails the file, and reading goes on`() async throws {
        try await withNotes({ $0.durability = .normal }) { database in
            try await database.execute("INSERT INTO notes (body) VALUES ('old')")
            let fault = Fault(.pwrite, on: database.path + "-wal", error: EIO)
            let error = try await failure { try await database.execute("INSERT INTO notes (body) VALUES ('x')") }
            #expect(error?.code == .outcomeUnknown)
            #expect((error?.underlying as? DatabaseError)?.code == .io)
            fault.disarm()
            #expect(try await code { try await database.execute("INSERT INTO notes (body) VALUES ('y')") } == .failed)
            try database.expectNotes(["old"])
        }
    }

    @Test func `a process killed inside a write leaves nothing of it`() async throws {
        try await withFolder { folder in
            let path = folder + "/test.sqlite3"
            let child = try ChildProcess("die-in-commit", path)
            #expect(await child.exit() == SIGKILL)
            #expect(try await notes(at: path) == ["first"])
        }
    }

    private func notes(at path: String) async throws -> [String] {
        try await withDatabase(at: path) { try $0.notes() }
    }
}
