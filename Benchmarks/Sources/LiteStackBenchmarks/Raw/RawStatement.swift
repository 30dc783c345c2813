import CBenchSQLite

/// A prepared statement, used as a careful C program would: bound without copies, stepped, read, reset.
final class RawStatement {
    let handle: OpaquePointer
    private let database: RawDatabase

    init(handle: OpaquePointer, database: RawDatabase) {
        self.handle = handle
        self.database = database
    }

    deinit {
        sqlite3_finalize(handle)
    }

    /// The blob in the first column of the row for a text key, copied once.
    @inline(__always)
    func blob(forKey key: String) throws -> [UInt8]? {
        try withBound(key, at: 1) {
            defer { sqlite3_reset(handle) }
            switch sqlite3_step(handle) {
            case SQLITE_ROW: return blob(0)
            case SQLITE_DONE: return nil
            case let code: throw failure(code)
            }
        }
    }

    /// Binds a text key and a blob, and runs to the end.
    @inline(__always)
    func run(_ key: String, _ value: [UInt8]) throws {
        try withBound(key, at: 1) {
            try value.withUnsafeBytes { bytes in
                bench_bind_blob(handle, 2, bytes.baseAddress, Int32(bytes.count))
                try finish()
            }
        }
    }

    /// Binds a blob, and runs to the end.
    @inline(__always)
    func run(_ value: [UInt8]) throws {
        try value.withUnsafeBytes { bytes in
            bench_bind_blob(handle, 1, bytes.baseAddress, Int32(bytes.count))
            try finish()
        }
    }

    /// Binds a text first and a blob at an index, and runs to the end.
    @inline(__always)
    func run(text: String, blob value: [UInt8], blobAt index: Int32) throws {
        try withBound(text, at: 1) {
            try value.withUnsafeBytes { bytes in
                bench_bind_blob(handle, index, bytes.baseAddress, Int32(bytes.count))
                try finish()
            }
        }
    }

    /// Steps to a row; false at the end, and then the statement is reset.
    @inline(__always)
    func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW:
            return true
        case SQLITE_DONE:
            sqlite3_reset(handle)
            return false
        case let code:
            throw failure(code)
        }
    }

    @inline(__always)
    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    @inline(__always)
    func real(_ column: Int32) -> Double { sqlite3_column_double(handle, column) }

    @inline(__always)
    func text(_ column: Int32) -> String {
        let start = sqlite3_column_text(handle, column)
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    @inline(__always)
    func blob(_ column: Int32) -> [UInt8] {
        let start = sqlite3_column_blob(handle, column)
        let count = Int(sqlite3_column_bytes(handle, column))
        return [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    @inline(__always)
    private func withBound<Result>(_ text: String, at index: Int32, _ body: () throws -> Result) throws -> Result {
        var copy = text
        return try copy.withUTF8 { utf8 in
            try utf8.withMemoryRebound(to: CChar.self) { bytes in
                bench_bind_text(handle, index, bytes.baseAddress, Int32(bytes.count))
                return try body()
            }
        }
    }

    @inline(__always)
    private func finish() throws {
        let code = sqlite3_step(handle)
        sqlite3_reset(handle)
        guard code == SQLITE_DONE else { throw failure(code) }
    }

    private func failure(_ code: Int32) -> RawError {
        RawError(code: code, message: String(cString: sqlite3_errmsg(sqlite3_db_handle(handle))))
    }
}
