import CLiteStackSQLite

/// Opens the connections of one database, each with the same settings.
struct ConnectionFactory: Sendable {
    let path: String
    let configuration: Database.Configuration
    let identifier: DatabaseIdentifier
    /// The file that tells the next open that this one is damaged; nil if it is not disposable.
    let damageMarker: String?

    /// Opens a connection to a file that is there and in WAL mode.
    func connect(readOnly: Bool) throws -> Connection {
        let connection = try Connection(path: path, configuration: configuration, mayCreate: false)
        connection.identifier = identifier
        connection.damageMarker = damageMarker
        try configure(connection)
        if readOnly {
            try connection.run("PRAGMA query_only = ON", doing: "Opening \(path)")
            connection.statementGuard.isReadOnly = true
        }
        return connection
    }

    /// The settings of a connection. `Database.effectiveSettings()` tells what came of them.
    func configure(_ connection: Connection) throws {
        // auto_vacuum must stand before the first page is written, so `create` sets it.
        let synchronous = configuration.durability == .full ? "FULL" : "NORMAL"
        try connection.run(
            """
            PRAGMA synchronous = \(synchronous);
            PRAGMA wal_autocheckpoint = 0;
            PRAGMA foreign_keys = ON;
            PRAGMA temp_store = MEMORY;
            PRAGMA cache_size = -\(max(64, configuration.cacheBytes / 1024));
            PRAGMA trusted_schema = OFF;
            PRAGMA mmap_size = 0;
            PRAGMA journal_size_limit = \(configuration.checkpointThreshold * 2 * 4096);
            """, doing: "Opening \(path)")
        if configuration.isDisposable { try connection.run("PRAGMA secure_delete = OFF", doing: "Opening \(path)") }
        for function in configuration.functions { try connection.register(function) }
        for path in configuration.extensions { try connection.load(extension: path) }
    }

    /// Opens the first connection: makes the file if it is missing, and turns it to WAL.
    static func create(
        path: String, configuration: Database.Configuration
    ) throws -> Connection {
        let connection = try Connection(path: path, configuration: configuration, mayCreate: true)
        connection.deadline = MonotonicTime.now + configuration.busyTimeout
        if try isEmpty(connection) {
            try connection.run("PRAGMA auto_vacuum = INCREMENTAL", doing: "Opening \(path)")
        }
        let mode = try turnToWAL(connection)
        guard mode == .text("wal") else {
            throw DatabaseError(
                .cannotOpen,
                "Opening \(path): it could not be turned to WAL mode. Check that file and folder are writable")
        }
        // The first read recovers the WAL of a process that died, and maps the wal-index.
        _ = try connection.scalar("SELECT count(*) FROM sqlite_schema")
        return connection
    }
}

extension ConnectionFactory {
    /// Whether the first page is still to be written. Only then does `auto_vacuum` change anything, and setting it waits for
    /// the write lock also where it does not: a process would not start beside one that writes for long.
    private static func isEmpty(_ connection: Connection) throws -> Bool {
        try connection.scalar("PRAGMA page_count") == .integer(0)
    }

    /// Turns the file to WAL, which upgrades a read lock: SQLite never waits for that, so two processes that make a
    /// file together need more than one try.
    private static func turnToWAL(_ connection: Connection) throws -> SQLValue {
        while true {
            do {
                return try connection.scalar("PRAGMA journal_mode = WAL")
            } catch let error as DatabaseError where error.code == .busy && MonotonicTime.now < connection.deadline {
                usleep(1000)  // on a thread of LiteDB's own, at open
            }
        }
    }
}

extension Connection {
    /// Loads an extension, with loading switched on for this call only.
    func load(extension path: String) throws {
        litestack_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1)
        defer { litestack_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0) }
        var message: UnsafeMutablePointer<CChar>?
        let code = sqlite3_load_extension(handle, path, nil, &message)
        defer { sqlite3_free(message) }
        guard code == SQLITE_OK else {
            let reported = message.map { String(cString: $0) } ?? "result code \(code)"
            throw DatabaseError(
                .extension, "Loading the extension \(path): \(reported). Check the path and the architecture",
                sqliteCode: code)
        }
    }
}
