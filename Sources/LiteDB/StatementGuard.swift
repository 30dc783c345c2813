import CLiteStackSQLite

/// What a statement may do, decided while it is prepared (https://sqlite.org/c3ref/set_authorizer.html).
///
/// Transaction control belongs to LiteDB, since a closure's COMMIT would make half a group durable; ATTACH and most
/// PRAGMAs would change the mode that the guarantees rest on. The same callback notes the tables that are written.
final class StatementGuard {
    /// Whether the statement comes from a user's closure. LiteDB's own statements are not restricted.
    var isEnforced = false
    /// Whether statements may write.
    var isReadOnly = false
    /// What was refused in the last preparation, and the code of the error for it.
    var refusal: (code: DatabaseError.Code, what: String)?
    /// The tables that the statement writes that was prepared last, until somebody takes them.
    private(set) var writtenTables: Set<String> = []

    /// The PRAGMAs that read, or change nothing that a guarantee rests on.
    private static let allowedPragmas: Set<String> = [
        "application_id", "analysis_limit", "cell_size_check", "collation_list", "compile_options", "data_version",
        "database_list", "encoding", "foreign_key_check", "foreign_key_list", "freelist_count",
        "function_list", "incremental_vacuum", "index_info", "index_list", "index_xinfo", "integrity_check",
        "module_list", "optimize", "page_count", "pragma_list", "quick_check", "table_info", "table_list",
        "table_xinfo", "user_version",
    ]

    /// PRAGMAs that may be asked for their value, and not be set.
    private static let readablePragmas: Set<String> = [
        "auto_vacuum", "busy_timeout", "cache_size", "defer_foreign_keys", "foreign_keys", "journal_mode",
        "journal_size_limit", "max_page_count", "mmap_size", "page_size", "query_only", "schema_version",
        "secure_delete", "synchronous", "temp_store", "trusted_schema", "wal_autocheckpoint",
    ]

    /// The tables that the statement writes that was just prepared.
    func takeWrittenTables() -> Set<String> {
        defer { writtenTables = [] }
        return writtenTables
    }

    func install(on handle: OpaquePointer) {
        sqlite3_set_authorizer(
            handle,
            { context, action, first, second, database, _ in
                guard let context else { return SQLITE_DENY }
                let guarding = Unmanaged<StatementGuard>.fromOpaque(context).takeUnretainedValue()
                return guarding.decide(action, first, second, database)
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private func decide(
        _ action: Int32, _ first: UnsafePointer<CChar>?, _ second: UnsafePointer<CChar>?,
        _ database: UnsafePointer<CChar>?
    ) -> Int32 {
        switch action {
        case SQLITE_INSERT, SQLITE_UPDATE, SQLITE_DELETE:
            // A virtual table that is used for the first time is declared by an INSERT into sqlite_master, in memory.
            if isReadOnly, let database, strcmp(database, "main") == 0, let first, strcmp(first, "sqlite_master") != 0 {
                return refuse("a write in a read. Use `write { }`", .readOnly)
            }
            if let first { writtenTables.insert(String(cString: first)) }
            return SQLITE_OK
        case SQLITE_TRANSACTION, SQLITE_SAVEPOINT:
            return refuse("transaction control. Use `savepoint { }` for nesting; the transaction itself is LiteDB's")
        case SQLITE_ATTACH, SQLITE_DETACH:
            return refuse("ATTACH and DETACH. Open the other file as a Database of its own")
        case SQLITE_PRAGMA:
            let name = first.map { String(cString: $0).lowercased() } ?? ""
            if Self.allowedPragmas.contains(name) { return SQLITE_OK }
            if Self.readablePragmas.contains(name), second == nil { return SQLITE_OK }
            return refuse("PRAGMA \(name) here. Settings are given in `Database.Configuration`")
        default:
            return SQLITE_OK
        }
    }

    private func refuse(_ what: String, _ code: DatabaseError.Code = .refusedStatement) -> Int32 {
        guard isEnforced else { return SQLITE_OK }
        refusal = (code, what)
        return SQLITE_DENY
    }
}
