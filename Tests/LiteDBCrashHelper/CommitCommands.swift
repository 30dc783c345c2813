import CLiteStackFaults
import CLiteStackSQLite
import Foundation
import LiteDB

extension CrashHelper {
    /// fail-commit PATH COUNT: the fsync of a commit fails (COUNT times), and the process dies without closing.
    static func failCommit(_ arguments: [String]) async throws {
        let path = arguments[0]
        let database = try await Database.open(at: path)
        try await database.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE) STRICT")
        try await database.execute("INSERT INTO notes (body) VALUES ('first')")
        let fault = litestack_fault_arm(
            Int32(LITESTACK_FAULT_FDATASYNC.rawValue), path + "-wal", 0, Int32(arguments[1])!, EIO)
        for body in ["second", "third"] {
            await tell { try await database.execute("INSERT INTO notes (body) VALUES (\(body))") }
        }
        say("faults \(litestack_fault_disarm(fault))")
        let bodies = try database.read { try $0.all("SELECT body FROM notes", as: String.self) }
        say("sees \(bodies.joined(separator: " "))")
        killMyself()
    }

    /// fail-raw-commit PATH: the same through SQLite alone, which shows what the covering commit is for.
    static func failRawCommit(_ arguments: [String]) async throws {
        let path = arguments[0]
        let connection = try RawHandle(path)
        _ = connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        _ = connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE) STRICT")
        _ = connection.execute("INSERT INTO notes (body) VALUES ('first')")
        _ = litestack_fault_arm(Int32(LITESTACK_FAULT_FDATASYNC.rawValue), path + "-wal", 0, 1, EIO)
        say("\(connection.execute("INSERT INTO notes (body) VALUES ('second')"))")
        killMyself()
    }

    /// die-in-commit PATH: dies in the middle of a group that is being committed.
    static func dieInCommit(_ arguments: [String]) async throws {
        let database = try await Database.open(at: arguments[0])
        try await database.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE) STRICT")
        try await database.execute("INSERT INTO notes (body) VALUES ('first')")
        try await database.write { transaction in
            try transaction.execute("INSERT INTO notes (body) VALUES ('second')")
            killMyself()
        }
    }

    /// Prints "done" or the code of the error.
    static func tell<T>(_ body: () async throws -> T) async {
        do {
            _ = try await body()
            say("done")
        } catch let error as DatabaseError {
            say("\(error.code)")
        } catch {
            say("\(error)")
        }
    }
}

/// SQLite without LiteDB.
final class RawHandle {
    let handle: OpaquePointer?

    init(_ path: String) throws {
        var opened: OpaquePointer?
        guard sqlite3_open(path, &opened) == SQLITE_OK else { throw CocoaError(.fileReadUnknown) }
        handle = opened
        sqlite3_busy_timeout(handle, 5000)
    }

    deinit {
        sqlite3_close_v2(handle)
    }

    /// The result code.
    func execute(_ sql: String) -> Int32 {
        sqlite3_exec(handle, sql, nil, nil, nil)
    }
}
