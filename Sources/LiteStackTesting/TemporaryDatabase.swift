public import LiteDB

/// Runs `body` with a new database in a folder of its own; afterwards it is closed and gone.
///
/// - Parameters:
///   - configuration: How to open it. The default is as an application's: durable, and so with an fsync a commit.
///   - migrations: Applied before `body` runs.
///   - body: The test. It needs not close the database.
/// - Throws: What `body` throws, and `DatabaseError`.
@discardableResult
public func withTemporaryDatabase<Result>(
    _ configuration: Database.Configuration = .init(), migrations: [Migration] = [],
    _ body: (Database) async throws -> Result
) async throws -> Result {
    try await withTemporaryDirectory { folder in
        let database = try await Database.open(at: folder + "/test.sqlite3", configuration: configuration)
        do {
            try await database.migrate(migrations)
            let result = try await body(database)
            await database.close()
            return result
        } catch {
            await database.close()
            throw error
        }
    }
}
