import CLiteStackSQLite

/// A connection of SQLite itself, as any other program would open one.
final class RawConnection {
    struct Failure: Error, CustomStringConvertible {
        let code: Int32
        let description: String
    }

    private(set) var handle: OpaquePointer?

    init(_ path: String, flags: Int32 = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) throws {
        let code = sqlite3_open_v2(path, &handle, flags, nil)
        guard code == SQLITE_OK else { throw failure(code) }
        sqlite3_busy_timeout(handle, 5000)
    }

    deinit {
        sqlite3_close_v2(handle)
    }

    func execute(_ sql: String) throws {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw failure(code) }
    }

    /// The first column of every row, as text.
    func all(_ sql: String) throws -> [String] {
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v2(handle, sql, -1, &statement, nil)
        guard code == SQLITE_OK else { throw failure(code) }
        defer { sqlite3_finalize(statement) }
        var values: [String] = []
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: values.append(sqlite3_column_text(statement, 0).map { String(cString: $0) } ?? "NULL")
            case SQLITE_DONE: return values
            case let code: throw failure(code)
            }
        }
    }

    private func failure(_ code: Int32) -> Failure {
        Failure(code: code, description: "\(code): \(String(cString: sqlite3_errmsg(handle)))")
    }
}
