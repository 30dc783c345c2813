import CLiteStackSQLite

/// The current row of a running statement. It lives only inside the closure that it is passed to.
///
/// Reading a number allocates nothing; text and blobs are copied once.
public struct Row: ~Copyable {
    let statement: Statement

    /// How many columns the row has.
    public var columnCount: Int { Int(sqlite3_column_count(statement.handle)) }

    /// The name of a column, counted from 0.
    public func columnName(_ index: Int) -> String {
        sqlite3_column_name(statement.handle, Int32(index)).map { String(cString: $0) } ?? ""
    }

    /// The column at `index`, counted from 0.
    ///
    /// - Throws: `DatabaseError` with `typeMismatch`, or `noSuchColumn` if the row is shorter.
    @inlinable
    public func get<Value: SQLConvertible>(_ index: Int, as type: Value.Type = Value.self) throws -> Value {
        guard index >= 0, index < columnCount else { throw missing("column \(index)") }
        return try Value(sqlValue: value(index))
    }

    /// The integer at `index`, without the detour of a generic value.
    ///
    /// - Throws: `DatabaseError` with `typeMismatch` if the column does not hold an INTEGER.
    public func integer(_ index: Int) throws -> Int64 {
        guard sqlite3_column_type(statement.handle, Int32(index)) == SQLITE_INTEGER else {
            throw Int64.mismatch(value(index))
        }
        return sqlite3_column_int64(statement.handle, Int32(index))
    }

    /// The number at `index`, without the detour of a generic value.
    ///
    /// - Throws: `DatabaseError` with `typeMismatch` if the column holds neither REAL nor INTEGER.
    public func real(_ index: Int) throws -> Double {
        let stored = sqlite3_column_type(statement.handle, Int32(index))
        guard stored == SQLITE_FLOAT || stored == SQLITE_INTEGER else { throw Double.mismatch(value(index)) }
        return sqlite3_column_double(statement.handle, Int32(index))
    }

    /// The text at `index`, without the detour of a generic value.
    ///
    /// - Throws: `DatabaseError` with `typeMismatch` if the column does not hold TEXT.
    public func text(_ index: Int) throws -> String {
        guard sqlite3_column_type(statement.handle, Int32(index)) == SQLITE_TEXT else {
            throw String.mismatch(value(index))
        }
        return columnText(index)
    }

    /// Calls `body` with the bytes at `index`, without copying them; they are gone when it returns.
    ///
    /// - Throws: `DatabaseError` with `typeMismatch` if the column holds neither BLOB nor TEXT, and what `body` throws.
    @inlinable
    public func withBytes<Result>(_ index: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        try body(bytes(index))
    }

    /// The bytes at `index`, valid until the row is left.
    @usableFromInline
    func bytes(_ index: Int) throws -> UnsafeRawBufferPointer {
        let stored = sqlite3_column_type(statement.handle, Int32(index))
        guard stored == SQLITE_BLOB || stored == SQLITE_TEXT else { throw [UInt8].mismatch(value(index)) }
        return strictBytes(index)
    }

    /// The integer at `index`, where the schema lets nothing else be: INTEGER NOT NULL of a STRICT table.
    package func strictInteger(_ index: Int) -> Int64 {
        sqlite3_column_int64(statement.handle, Int32(index))
    }

    /// The bytes at `index`, valid until the row is left, where the schema lets nothing else be: BLOB or TEXT, NOT NULL, of a
    /// STRICT table.
    package func strictBytes(_ index: Int) -> UnsafeRawBufferPointer {
        let bytes = sqlite3_column_blob(statement.handle, Int32(index))
        let count = Int(sqlite3_column_bytes(statement.handle, Int32(index)))
        return UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : count)
    }

    /// Whether the column at `index` holds NULL.
    public func isNull(_ index: Int) -> Bool {
        sqlite3_column_type(statement.handle, Int32(index)) == SQLITE_NULL
    }

    /// The column of that name; if several have it, the first.
    ///
    /// - Throws: `DatabaseError` with `noSuchColumn` or `typeMismatch`.
    @inlinable
    public func get<Value: SQLConvertible>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
        for index in 0..<columnCount where columnName(index) == name {
            return try Value(sqlValue: value(index))
        }
        throw missing("a column named \(name)")
    }

    /// The row decoded by its column names.
    ///
    /// - Throws: `DatabaseError`, or the `DecodingError` of the type.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try Value(from: RowDecoder(self))
    }

    /// The stored value at `index`.
    @usableFromInline
    func value(_ index: Int) -> SQLValue {
        let column = Int32(index)
        switch sqlite3_column_type(statement.handle, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement.handle, column))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(statement.handle, column))
        case SQLITE_TEXT: return .text(columnText(index))
        case SQLITE_BLOB:
            let start = sqlite3_column_blob(statement.handle, column)
            let count = Int(sqlite3_column_bytes(statement.handle, column))
            return .blob([UInt8](UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)))
        default: return .null
        }
    }

    private func columnText(_ index: Int) -> String {
        // The order matters: column_text first, column_bytes after it (https://sqlite.org/c3ref/column_blob.html).
        let start = sqlite3_column_text(statement.handle, Int32(index))
        let count = Int(sqlite3_column_bytes(statement.handle, Int32(index)))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    @usableFromInline
    func missing(_ what: String) -> DatabaseError {
        var names: [String] = []
        for index in 0..<columnCount { names.append(columnName(index)) }
        return DatabaseError(
            .noSuchColumn, "Reading \(what): the row has \(columnCount) columns (\(names.joined(separator: ", ")))",
            sql: statement.text)
    }
}
