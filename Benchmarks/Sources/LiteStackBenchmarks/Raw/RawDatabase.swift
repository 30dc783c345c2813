import CBenchSQLite

/// The baseline: a connection of the C API with the settings that LiteDB gives its own, used by one thread at a time.
final class RawDatabase {
    let handle: OpaquePointer

    enum Durability: String {
        case full = "FULL"
        case normal = "NORMAL"

        /// LiteDB's default threshold: the same amount of WAL before a checkpoint.
        var checkpointFrameCount: Int { self == .full ? 1000 : 4000 }
    }

    /// What the rows' texts call *raw*.
    static let description = """
        Keyed values lie in a table WITHOUT ROWID. Raw: the C API, one connection, prepared statements bound without copies, results copied into the same Swift type;
        a file of its own with the same content, WAL, page size 4096, cache 16 MiB, foreign keys on, no mmap; automatic
        checkpoints after as many frames as LiteDB's (1,000 with synchronous FULL, 4,000 with NORMAL)
        """

    init(path: String, durability: Durability) throws {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else { throw RawError(code: code, message: "cannot open \(path)") }
        handle = opened
        sqlite3_busy_timeout(opened, 5000)
        try execute(
            """
            PRAGMA auto_vacuum = INCREMENTAL;
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = \(durability.rawValue);
            PRAGMA wal_autocheckpoint = \(durability.checkpointFrameCount);
            PRAGMA foreign_keys = ON;
            PRAGMA temp_store = MEMORY;
            PRAGMA cache_size = -16384;
            PRAGMA trusted_schema = OFF;
            PRAGMA mmap_size = 0;
            PRAGMA journal_size_limit = \(durability.checkpointFrameCount * 2 * 4096);
            """)
    }

    /// Another's file, to read only.
    init(reading path: String) throws {
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let opened else { throw RawError(code: code, message: "cannot open \(path)") }
        handle = opened
        sqlite3_busy_timeout(opened, 5000)
        try execute(
            """
            PRAGMA temp_store = MEMORY;
            PRAGMA cache_size = -16384;
            PRAGMA trusted_schema = OFF;
            PRAGMA mmap_size = 0;
            """)
    }

    deinit {
        sqlite3_close_v2(handle)
    }

    func execute(_ sql: String) throws {
        try check(sqlite3_exec(handle, sql, nil, nil, nil))
    }

    func prepare(_ sql: String) throws -> RawStatement {
        var statement: OpaquePointer?
        try check(sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil))
        guard let statement else { throw RawError(code: SQLITE_MISUSE, message: "no statement in \(sql)") }
        return RawStatement(handle: statement, database: self)
    }

    func check(_ code: Int32) throws {
        guard code == SQLITE_OK else {
            throw RawError(code: code, message: String(cString: sqlite3_errmsg(handle)))
        }
    }
}

/// The C API refused something.
struct RawError: Error {
    let code: Int32
    let message: String
}
