import CLiteStackSQLite

/// One prepared statement of one connection.
///
/// Not thread-safe: it belongs to its connection, which one thread uses at a time.
final class Statement {
    let handle: OpaquePointer
    let text: String
    let parameterCount: Int
    /// The tables that the statement writes, triggers and foreign key actions included, as the authorizer saw them.
    private(set) var writtenTables: Set<String>
    /// Whether a cursor stands in it, so that a nested use of the same text needs another statement.
    var isActive = false
    /// The transaction of its connection that knows of these tables.
    var notedIn: UInt64 = 0
    /// When it was last used, in uses of its cache.
    var lastUse: UInt64 = 0
    private var isFinalized = false

    init(handle: OpaquePointer, text: String, writtenTables: Set<String>) {
        self.handle = handle
        self.text = text
        self.writtenTables = writtenTables
        parameterCount = Int(sqlite3_bind_parameter_count(handle))
    }

    deinit {
        finalize()
    }

    /// Whether its text is this, byte by byte: `==` would take different spellings of one character for the same.
    func hasText(_ other: String) -> Bool {
        let isSame = text.utf8.withContiguousStorageIfAvailable { own in
            other.utf8.withContiguousStorageIfAvailable { theirs in
                guard own.count == theirs.count, let left = own.baseAddress, let right = theirs.baseAddress else {
                    return own.count == theirs.count
                }
                return memcmp(left, right, own.count) == 0
            }
        }
        return (isSame ?? nil) ?? (text == other)
    }

    /// Gives the statement back to SQLite, which a connection that closes needs first. It must not be used again.
    func finalize() {
        guard !isFinalized else { return }
        isFinalized = true
        sqlite3_finalize(handle)
    }

    /// Binds the arguments, one for each placeholder.
    func bind(_ arguments: [SQLValue], on connection: Connection) throws {
        guard arguments.count == parameterCount else {
            throw DatabaseError(
                .wrongArgumentCount,
                "Binding \(arguments.count) arguments to a statement with \(parameterCount) placeholders. "
                    + "Pass one argument for each `?`",
                sql: text)
        }
        var index: Int32 = 0
        for argument in arguments {
            index += 1
            let code = bind(argument, at: index)
            if code != SQLITE_OK { throw connection.error(code, doing: "Binding argument \(index)", sql: text) }
        }
    }

    private func bind(_ value: SQLValue, at index: Int32) -> Int32 {
        switch value {
        case .null: return sqlite3_bind_null(handle, index)
        case .integer(let integer): return sqlite3_bind_int64(handle, index, integer)
        case .real(let real): return sqlite3_bind_double(handle, index, real)
        case .text(var text):
            return text.withUTF8 { utf8 in
                utf8.withMemoryRebound(to: CChar.self) { bytes in
                    // An empty Swift string can have no address; SQLite would bind NULL.
                    guard let start = bytes.baseAddress else { return litestack_bind_text(handle, index, "", 0) }
                    guard let count = Int32(exactly: bytes.count) else { return SQLITE_TOOBIG }
                    return litestack_bind_text(handle, index, start, count)
                }
            }
        case .blob(let blob):
            return blob.withUnsafeBytes { bytes in
                guard let count = Int32(exactly: bytes.count) else { return SQLITE_TOOBIG }
                return litestack_bind_blob(handle, index, bytes.baseAddress, count)
            }
        }
    }

    /// Steps to the next row; false at the end.
    func step(on connection: Connection) throws -> Bool {
        let code = sqlite3_step(handle)
        if !connection.statementGuard.writtenTables.isEmpty { noteNewPreparation(on: connection) }
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case SQLITE_INTERRUPT where connection.isExpired:
            throw DatabaseError.snapshotTooOld(text)
        default:
            let error = connection.error(code, doing: "Running a statement", sql: text)
            connection.lastFailure = error
            throw error
        }
    }

    /// The step prepared something: the statement itself, since the schema changed and a new trigger can write other
    /// tables, or a virtual table's own statements, which come on top. A superset only costs a false alarm.
    private func noteNewPreparation(on connection: Connection) {
        writtenTables.formUnion(connection.statementGuard.takeWrittenTables())
        connection.writtenTables.formUnion(writtenTables)
    }

    /// Ends the cursor and forgets the arguments.
    func reset() {
        // The code repeats the error of the last step, which was thrown.
        _ = sqlite3_reset(handle)
        _ = sqlite3_clear_bindings(handle)
    }
}
