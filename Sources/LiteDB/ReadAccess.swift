/// What can be read from: a ``Snapshot`` or a ``Transaction``.
///
/// Write a function that works in both as `func load(in access: borrowing some ReadAccess & ~Copyable)`.
public protocol ReadAccess: ~Copyable {
    /// The connection behind it. There is nothing to call on it.
    var session: Session { get }
}

/// The connection behind a snapshot or a transaction, opaque outside LiteDB.
public struct Session {
    let connection: Connection
    private let generation: UInt64

    init(connection: Connection) {
        self.connection = connection
        generation = connection.generation
    }

    /// Runs a statement, unless the closure that the session belongs to has ended.
    @usableFromInline
    func withRows(_ sql: SQL, _ body: (borrowing Row) throws -> Bool) throws {
        guard generation == connection.generation else {
            throw DatabaseError(
                .outsideClosure,
                "Running a statement on a snapshot or transaction whose closure has ended. Read inside the closure",
                sql: sql.text)
        }
        try connection.withRows(sql, body)
    }
}

extension ReadAccess where Self: ~Copyable {
    /// The database that this belongs to.
    public var databaseIdentifier: DatabaseIdentifier { session.connection.identifier }

    /// The first column of the first row, nil if there is no row.
    ///
    /// For a column that can be NULL give an optional type: `first("…", as: String?.self)` is nil for no row and
    /// `.some(nil)` for NULL.
    ///
    /// - Throws: `DatabaseError`.
    @inlinable
    public func first<Value: SQLConvertible>(_ sql: SQL, as type: Value.Type = Value.self) throws -> Value? {
        try first(sql) { row in try row.get(0, as: type) }
    }

    /// The first row, mapped; nil if there is none.
    ///
    /// - Throws: `DatabaseError`, and what `map` throws.
    @inlinable
    public func first<Value>(_ sql: SQL, _ map: (borrowing Row) throws -> Value) throws -> Value? {
        var value: Value?
        try session.withRows(sql) { row in
            value = try map(row)
            return false
        }
        return value
    }

    /// The first row decoded by its column names; nil if there is none.
    ///
    /// - Throws: `DatabaseError`, or the `DecodingError` of the type.
    @inlinable
    public func first<Value: Decodable>(_ sql: SQL, decoding type: Value.Type) throws -> Value? {
        try first(sql) { row in try row.decode(type) }
    }

    /// The first column of every row.
    ///
    /// - Throws: `DatabaseError`.
    @inlinable
    public func all<Value: SQLConvertible>(_ sql: SQL, as type: Value.Type = Value.self) throws -> [Value] {
        try all(sql) { row in try row.get(0, as: type) }
    }

    /// Every row, mapped.
    ///
    /// - Throws: `DatabaseError`, and what `map` throws.
    @inlinable
    public func all<Value>(_ sql: SQL, _ map: (borrowing Row) throws -> Value) throws -> [Value] {
        var values: [Value] = []
        try session.withRows(sql) { row in
            values.append(try map(row))
            return true
        }
        return values
    }

    /// Every row decoded by its column names.
    ///
    /// - Throws: `DatabaseError`, or the `DecodingError` of the type.
    @inlinable
    public func all<Value: Decodable>(_ sql: SQL, decoding type: Value.Type) throws -> [Value] {
        try all(sql) { row in try row.decode(type) }
    }

    /// Passes each row to `body`, one after the other, in constant memory.
    ///
    /// - Throws: `DatabaseError`, and what `body` throws.
    @inlinable
    public func forEach(_ sql: SQL, _ body: (borrowing Row) throws -> Void) throws {
        try session.withRows(sql) { row in
            try body(row)
            return true
        }
    }
}
