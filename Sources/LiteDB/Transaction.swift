import CLiteStackSQLite

/// A write transaction, inside `write { }`. It reads what it has written, and cannot leave its closure.
///
/// Nothing of it is visible to anyone before the commit that `write` waits for.
public struct Transaction: ~Copyable, ReadAccess {
    /// The connection behind it.
    public let session: Session
    private let depth: Int

    init(_ connection: Connection, depth: Int = 0) {
        session = Session(connection: connection)
        self.depth = depth
    }

    /// Runs one statement to its end; rows that it returns are read and dropped.
    ///
    /// - Returns: How many rows it inserted, updated or deleted, without those of triggers.
    /// - Throws: `DatabaseError`: `constraint`, `diskFull`, `refusedStatement`, `invalidSQL` and others.
    @discardableResult
    public func execute(_ sql: SQL) throws -> Int {
        try session.connection.execute(sql)
    }

    /// Runs several statements without arguments, one after the other.
    ///
    /// - Throws: `DatabaseError`. Statements before the one that failed have run; throw on to undo them.
    public func executeScript(_ script: String) throws {
        try session.connection.executeScript(script)
    }

    /// The rowid of the last row inserted on this connection.
    public var lastInsertedRowID: Int64 { sqlite3_last_insert_rowid(session.connection.handle) }

    /// Runs `body` in a savepoint: if it throws, what it did is undone, and the transaction goes on.
    ///
    /// Some errors of SQLite end the whole transaction (a full disk, `ON CONFLICT ROLLBACK`): then every later
    /// statement fails, and `write` throws.
    ///
    /// - Throws: What `body` throws.
    @discardableResult
    public func savepoint<T>(_ body: (borrowing Transaction) throws -> T) throws -> T {
        let connection = session.connection
        let name = "lite_nested_\(depth + 1)"
        // Outside a transaction SAVEPOINT would begin one of its own, and RELEASE commit it.
        if connection.isInAutocommit { throw connection.transactionEnded("SAVEPOINT \(name)") }
        try connection.run("SAVEPOINT \(name)", doing: "Starting a savepoint")
        do {
            let value = try body(Transaction(connection, depth: depth + 1))
            if connection.isInAutocommit { throw connection.transactionEnded("RELEASE \(name)") }
            try connection.run("RELEASE \(name)", doing: "Ending a savepoint")
            return value
        } catch {
            if !connection.isInAutocommit {
                try connection.run("ROLLBACK TO \(name); RELEASE \(name)", doing: "Undoing a savepoint")
            }
            throw error
        }
    }
}
