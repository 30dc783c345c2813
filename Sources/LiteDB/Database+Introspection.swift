import CLiteStackSQLite

extension Database {
    /// How full the files are. One read and two calls of `stat`.
    ///
    /// - Throws: As ``read(_:)``.
    public func statistics() throws -> DatabaseStatistics {
        try read { snapshot in
            DatabaseStatistics(
                pageBytes: try snapshot.first("PRAGMA page_size") ?? 0,
                pageCount: try snapshot.first("PRAGMA page_count") ?? 0,
                freePageCount: try snapshot.first("PRAGMA freelist_count") ?? 0,
                fileBytes: DatabaseFile.bytes(at: path),
                walBytes: DatabaseFile.bytes(at: path + "-wal"), walFrameCount: core.walIndex.frameCount,
                backfilledFrameCount: core.walIndex.backfilledCount, readerCount: core.readers.all.count)
        }
    }

    /// The settings as SQLite reports them. Opens a connection for it: not for hot paths.
    ///
    /// - Throws: `DatabaseError` if the connection cannot be opened.
    public func effectiveSettings() async throws -> EffectiveSettings {
        try checkUsable()
        let core = core
        return try await WorkerThread.run(name: "litedb-settings") {
            let connection = try core.factory.connect(readOnly: false)
            defer { connection.close() }
            func pragma(_ name: String) throws -> Int {
                try Int(sqlValue: try connection.scalar("PRAGMA \(raw: name)"))
            }
            let cacheSize = try pragma("cache_size")
            let pageBytes = try pragma("page_size")
            return EffectiveSettings(
                sqliteVersion: String(cString: sqlite3_libversion()),
                journalMode: try String(sqlValue: try connection.scalar("PRAGMA journal_mode")),
                synchronous: try pragma("synchronous"), foreignKeys: try pragma("foreign_keys") != 0,
                walAutocheckpoint: try pragma("wal_autocheckpoint"),
                cacheBytes: cacheSize < 0 ? -cacheSize * 1024 : cacheSize * pageBytes,
                autoVacuum: try pragma("auto_vacuum"), journalSizeLimitBytes: try pragma("journal_size_limit"),
                mmapBytes: try pragma("mmap_size"), secureDelete: try pragma("secure_delete") != 0,
                trustedSchema: try pragma("trusted_schema") != 0, tempStore: try pragma("temp_store"),
                checkpointFrameCount: core.checkpointer == nil ? nil : core.configuration.checkpointThreshold)
        }
    }
}
