import Foundation
import LiteDB
import Logging
import Testing

/// Runs `body` with a folder that is gone afterwards.
func withFolder<T>(_ body: (String) async throws -> T) async throws -> T {
    let folder = NSTemporaryDirectory() + "litedb-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}

/// Runs `body` with a database in a folder that is gone afterwards.
func withDatabase<T>(
    _ configuration: Database.Configuration = .init(), logger: Logger = .current, _ body: (Database) async throws -> T
) async throws -> T {
    try await withFolder { folder in
        try await withDatabase(at: folder + "/test.sqlite3", configuration, logger: logger, body)
    }
}

/// Runs `body` with the database at `path`, and closes it.
func withDatabase<T>(
    at path: String, _ configuration: Database.Configuration = .init(), logger: Logger = .current,
    _ body: (Database) async throws -> T
) async throws -> T {
    let database = try await Database.open(at: path, configuration: configuration, logger: logger)
    do {
        let value = try await body(database)
        await database.close()
        return value
    } catch {
        await database.close()
        throw error
    }
}

/// Runs `body` with a database that holds the empty table `notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE)`.
func withNotes<T>(
    _ change: (inout Database.Configuration) -> Void = { _ in }, logger: Logger = .current,
    _ body: (Database) async throws -> T
) async throws -> T {
    var configuration = Database.Configuration()
    // A busy machine must neither split the groups that tests make nor give up waiting.
    configuration.maximumGroupDuration = .seconds(60)
    configuration.busyTimeout = .seconds(30)
    change(&configuration)
    return try await withDatabase(configuration, logger: logger) { database in
        try await database.execute(
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE) STRICT")
        return try await body(database)
    }
}

extension Database {
    /// The bodies of all notes in the order of their ids, as LiteDB and as SQLite itself see them.
    func notes() throws -> [String] {
        let ours = try read { snapshot in
            try snapshot.all("SELECT body FROM notes ORDER BY id", as: String.self)
        }
        let theirs = try RawConnection(path).all("SELECT body FROM notes ORDER BY id")
        return ours == theirs ? ours : ["LiteDB sees \(ours), SQLite sees \(theirs)"]
    }

    /// Expects these bodies.
    func expectNotes(_ expected: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
        let found = try notes()
        #expect(found == expected, sourceLocation: sourceLocation)
    }
}

/// The `DatabaseError` that `body` throws, nil if it throws none.
func failure<T>(_ body: () async throws -> T) async throws -> DatabaseError? {
    do {
        _ = try await body()
        return nil
    } catch let error as DatabaseError {
        return error
    }
}

/// The code of the `DatabaseError` that `body` throws, nil if it throws none.
func code<T>(_ body: () async throws -> T) async throws -> DatabaseError.Code? {
    try await failure(body)?.code
}
