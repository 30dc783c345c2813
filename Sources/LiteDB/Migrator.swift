import Logging

/// Applies migrations on the writer thread, each in one transaction, one process at a time.
///
/// Whether one is due is decided inside its transaction: the write lock is the mutex between processes that start at
/// the same time.
struct Migrator {
    let writer: Writer
    let logger: Logger

    func migrate(_ migrations: [Migration]) throws -> MigrationReport {
        try checkNames(migrations)
        try writer.transactAlone { connection in
            _ = try connection.execute(
                """
                CREATE TABLE IF NOT EXISTS lite_migrations (
                    id INTEGER PRIMARY KEY,
                    name TEXT NOT NULL UNIQUE,
                    checksum INTEGER,
                    applied_at INTEGER NOT NULL
                ) STRICT
                """)
        }
        var applied: [String] = []
        for migration in migrations where try apply(migration) { applied.append(migration.name) }
        let unknown = try unknownNames(besides: migrations)
        if !unknown.isEmpty {
            logger.notice(
                "the database has migrations that this program does not know",
                metadata: ["litestack.db.migrations": .array(unknown.map { .string($0) })])
        }
        return MigrationReport(applied: applied, unknown: unknown)
    }

    private func checkNames(_ migrations: [Migration]) throws {
        var names: Set<String> = []
        for migration in migrations where !names.insert(migration.name).inserted {
            throw DatabaseError(.migration, "Migrating: two migrations are named \"\(migration.name)\". Rename one")
        }
    }

    /// Applies one migration unless it is applied already; whether it was due.
    private func apply(_ migration: Migration) throws -> Bool {
        guard try isDue(migration, on: writer.connection) else { return false }
        // PRAGMA foreign_keys does nothing inside a transaction.
        if migration.rebuildsTables { try switchForeignKeys(on: false) }
        defer {
            if migration.rebuildsTables { try? switchForeignKeys(on: true) }  // nothing in it can fail
        }
        return try writer.transactAlone { connection in
            guard try isDue(migration, on: connection) else { return false }
            do {
                try run(migration, on: connection)
            } catch {
                throw DatabaseError(
                    .migration, "Applying the migration \"\(migration.name)\": it failed, and nothing of it was kept",
                    underlying: error)
            }
            _ = try connection.execute(
                """
                INSERT INTO lite_migrations (name, checksum, applied_at)
                VALUES (\(migration.name), \(migration.checksum), CAST(strftime('%s', 'now') AS INTEGER) * 1000)
                """)
            return true
        }
    }

    private func run(_ migration: Migration, on connection: Connection) throws {
        let transaction = Transaction(connection)
        switch migration.body {
        case .script(let sql): try transaction.executeScript(sql)
        case .closure(let body): try body(transaction)
        }
        guard migration.rebuildsTables else { return }
        let violation = try transaction.first("SELECT \"table\" FROM pragma_foreign_key_check", as: String.self)
        if let violation {
            throw DatabaseError(
                .constraint, "Checking foreign keys: a row of \(violation) refers to one that is not there")
        }
    }

    private func isDue(_ migration: Migration, on connection: Connection) throws -> Bool {
        let known: Int64?? = try connection.first(
            "SELECT checksum FROM lite_migrations WHERE name = \(migration.name)"
        ) { row in
            try row.get(0)
        }
        guard let known else { return true }
        guard known == nil || migration.checksum == nil || known == migration.checksum else {
            throw DatabaseError(
                .migration,
                "Migrating: the text of \"\(migration.name)\" was changed after it had been applied. Put the old text "
                    + "back, and write the change as a new migration")
        }
        return false
    }

    private func unknownNames(besides migrations: [Migration]) throws -> [String] {
        let known = Set(migrations.map(\.name))
        var unknown: [String] = []
        try writer.connection.withRows("SELECT name FROM lite_migrations ORDER BY id") { row in
            let name = try row.text(0)
            if !known.contains(name) { unknown.append(name) }
            return true
        }
        return unknown
    }

    private func switchForeignKeys(on: Bool) throws {
        try writer.connection.run("PRAGMA foreign_keys = \(on ? "ON" : "OFF")", doing: "Switching foreign keys")
    }
}

extension Database {
    /// Applies those of the migrations that this file does not have yet, in their order.
    ///
    /// Each runs in one transaction, and one process at a time runs them: another that starts meanwhile waits. Names
    /// that are applied and not in the list are told in the report and the log, and are no error: during a deploy two
    /// releases share a file. Reads go on; writes wait.
    ///
    /// - Parameters:
    ///   - migrations: All migrations of the application, the oldest first. New ones are added at the end.
    ///   - timeout: How long to wait for the write lock. Default 60 s.
    /// - Returns: What was applied, and what is not known.
    /// - Throws: `DatabaseError` with `migration`: one failed (the cause is `underlying`; those before it stay), or the
    ///   SQL of an applied one was edited.
    @discardableResult
    public func migrate(
        _ migrations: [Migration], timeout: Duration = .seconds(60)
    ) async throws -> MigrationReport {
        try await exclusive(timeout: timeout) { writer in
            try Migrator(writer: writer, logger: writer.logger).migrate(migrations)
        }
    }
}
