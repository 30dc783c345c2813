/// The `lite_` tables of one component, as the steps that made them.
///
/// Two releases share a file during a deploy and after a rollback. So each step says the oldest version that can
/// still use the file after it: changes add first, and take away one release later.
package struct ComponentSchema: Sendable {
    /// One change of the tables, in one transaction.
    package struct Step: Sendable {
        /// The oldest version of the component that can use the file after this step.
        let oldestUsable: Int
        let sql: String

        /// - Parameters:
        ///   - oldestUsable: Counted from 1; the step's own number if no older release can use the file.
        ///   - sql: One or more statements.
        package init(oldestUsable: Int, sql: String) {
            self.oldestUsable = oldestUsable
            self.sql = sql
        }
    }

    let component: String
    let steps: [Step]

    /// The version of the component: how many steps there are.
    var version: Int { steps.count }

    /// The oldest version that can use the tables after all steps.
    var oldestUsable: Int { steps.map(\.oldestUsable).max() ?? 0 }

    package init(component: String, steps: [Step]) {
        self.component = component
        self.steps = steps
    }
}

extension Database {
    /// Brings a component's tables up to date. One read if they are.
    ///
    /// - Throws: `DatabaseError` with `schemaTooNew` if a newer release wrote tables that this one cannot use.
    package func prepare(_ schema: ComponentSchema, timeout: Duration = .seconds(60)) async throws {
        let stored = try read { snapshot in try StoredSchema(of: schema.component, in: snapshot) }
        if try stored.isReady(for: schema, at: path) { return }
        let path = path
        try await exclusive(timeout: timeout) { writer in
            try writer.transactAlone { connection in
                let transaction = Transaction(connection)
                try transaction.execute(StoredSchema.table)
                let stored = try StoredSchema(of: schema.component, in: transaction)
                if try stored.isReady(for: schema, at: path) { return }
                for step in schema.steps[stored.version...] { try transaction.executeScript(step.sql) }
                try transaction.execute(
                    """
                    INSERT INTO lite_schemas (component, version, oldest_usable)
                    VALUES (\(schema.component), \(schema.version), \(schema.oldestUsable))
                    ON CONFLICT (component) DO UPDATE SET version = excluded.version, oldest_usable = excluded.oldest_usable
                    """)
            }
        }
    }
}

extension Database {
    /// Whether a newer release has changed the tables, since they were prepared, so that this one cannot use them. One read.
    ///
    /// - Throws: `DatabaseError`.
    package func isOutgrown(_ schema: ComponentSchema) throws -> Bool {
        try read { snapshot in try StoredSchema(of: schema.component, in: snapshot) }.oldestUsable > schema.version
    }
}

/// What the file says of a component's tables.
private struct StoredSchema {
    static let table: SQL = """
        CREATE TABLE IF NOT EXISTS lite_schemas (
            component TEXT PRIMARY KEY,
            version INTEGER NOT NULL,
            oldest_usable INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """

    var version = 0
    var oldestUsable = 0

    init(of component: String, in access: borrowing some ReadAccess & ~Copyable) throws {
        let hasTable = try access.first(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'lite_schemas'", as: Int.self)
        guard hasTable != nil else { return }
        let stored: (version: Int, oldestUsable: Int)? = try access.first(
            "SELECT version, oldest_usable FROM lite_schemas WHERE component = \(component)"
        ) { row in
            (version: try row.get(0, as: Int.self), oldestUsable: try row.get(1, as: Int.self))
        }
        if let stored { (version, oldestUsable) = stored }
    }

    /// Whether nothing is to do; a newer schema that still serves us is left alone.
    func isReady(for schema: ComponentSchema, at path: String) throws -> Bool {
        guard oldestUsable <= schema.version else {
            throw DatabaseError(
                .schemaTooNew,
                "Opening the \(schema.component) tables of \(path): a newer release made them (version \(version)), and "
                    + "needs at least version \(oldestUsable); this one has \(schema.version). Update this program")
        }
        return version >= schema.version
    }
}
