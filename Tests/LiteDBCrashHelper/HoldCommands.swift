import Foundation
import LiteDB

extension CrashHelper {
    /// hold-write PATH: stands inside a write until its input ends, then commits.
    static func holdWrite(_ arguments: [String]) async throws {
        let database = try await Database.open(at: arguments[0])
        await tell {
            try await database.write { transaction in
                try transaction.execute("INSERT INTO notes (body) VALUES ('held')")
                say("holding")
                waitForEndOfInput()
            }
        }
        await database.close()
    }

    /// hold-raw-write PATH: the same as a program that uses SQLite alone.
    static func holdRawWrite(_ arguments: [String]) async throws {
        let connection = try RawHandle(arguments[0])
        _ = connection.execute("BEGIN IMMEDIATE; INSERT INTO notes (body) VALUES ('held')")
        say("holding")
        waitForEndOfInput()
        say("\(connection.execute("COMMIT"))")
    }

    /// hold-snapshot PATH: reads once, which leaves a kept snapshot, and waits until its input ends.
    static func holdSnapshot(_ arguments: [String]) async throws {
        let database = try await Database.open(at: arguments[0])
        let count = try database.read { try $0.first("SELECT count(*) FROM notes", as: Int.self) }
        say("read \(count ?? -1)")
        waitForEndOfInput()
        await database.close()
    }

    /// raw PATH SQL: what the sqlite3 shell would do.
    static func raw(_ arguments: [String]) async throws {
        say("\(try RawHandle(arguments[0]).execute(arguments[1]))")
    }
}
