import CLiteStackSQLite

extension DatabaseError {
    /// The error for a result code of SQLite on `connection`.
    static func sqlite(
        _ code: Int32, on handle: OpaquePointer?, doing action: String, sql: String? = nil
    ) -> DatabaseError {
        let extended = handle.map { sqlite3_extended_errcode($0) } ?? code
        let exact = extended & 0xff == code & 0xff ? extended : code
        let reported = handle.flatMap { sqlite3_errmsg($0) } ?? sqlite3_errstr(code)
        let text = reported.map { String(cString: $0) } ?? "result code \(code)"
        let systemError = handle.map { sqlite3_system_errno($0) } ?? 0
        let kind = Code(sqlite: exact, systemError: systemError)
        return DatabaseError(
            kind, "\(action): \(text)\(kind.advice)", sqliteCode: exact, sql: sql)
    }
}

extension DatabaseError {
    static func snapshotTooOld(_ sql: String) -> DatabaseError {
        DatabaseError(
            .snapshotTooOld,
            "Reading: the read took longer than `maximumSnapshotAge`. Read in smaller parts, or raise it", sql: sql)
    }
}

extension DatabaseError.Code {
    /// The code for an extended result code; an I/O error for want of space is `diskFull`.
    init(sqlite extended: Int32, systemError: Int32) {
        switch extended & 0xff {
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: self = .busy
        case SQLITE_FULL: self = .diskFull
        case SQLITE_IOERR where systemError == ENOSPC || systemError == EDQUOT: self = .diskFull
        // The -shm could not be extended: SQLite reports it as an I/O error of its own.
        case SQLITE_IOERR where extended == SQLITE_IOERR | (19 << 8): self = .diskFull
        case SQLITE_IOERR: self = .io
        case SQLITE_CORRUPT: self = .damaged
        case SQLITE_NOTADB: self = .notADatabase
        case SQLITE_READONLY, SQLITE_PERM: self = .readOnly
        case SQLITE_CANTOPEN: self = .cannotOpen
        case SQLITE_CONSTRAINT: self = .constraint
        case SQLITE_AUTH: self = .refusedStatement
        case SQLITE_ERROR: self = .invalidSQL
        case SQLITE_MISMATCH: self = .typeMismatch
        default: self = .other
        }
    }

    /// What a person can do about it, as the end of the message.
    var advice: String {
        switch self {
        case .busy: ". Nothing was written; try again, or raise `busyTimeout`"
        case .diskFull: ". Nothing was written; free some space and try again"
        case .damaged:
            ". The file was left as it is; keep a copy, then restore a backup or use the sqlite3 shell's .recover"
        case .notADatabase: ". The file was left as it is; check the path, and whether the file is encrypted"
        case .readOnly: ". Writing statements belong in `write { }`; otherwise check the file's permissions"
        default: ""
        }
    }
}
