import CLiteStackSQLite

/// One handle of SQLite, with its statements, its deadline and its guard.
///
/// `@unchecked Sendable`: a connection is used by one thread at a time, which its owner (a reader slot, the writer,
/// the checkpointer) makes sure of by its own lock.
final class Connection: @unchecked Sendable {
    let handle: OpaquePointer
    let path: String
    let statementGuard = StatementGuard()
    /// Which file it is.
    var identifier = DatabaseIdentifier(device: 0, inode: 0)
    /// Where damage is noted, for a disposable file.
    var damageMarker: String?
    /// Until when a statement may wait for a lock. The busy handler reads it.
    var deadline = MonotonicTime(nanoseconds: 0)
    /// When the read that runs becomes too old; nil if it never does.
    var expiry: MonotonicTime?
    /// The last error of a statement, for a closure that swallowed it although SQLite ended the transaction.
    var lastFailure: DatabaseError?
    /// The tables written in the current transaction.
    var writtenTables: Set<String> = []
    /// Counts the transactions of the writer.
    private(set) var transactionNumber: UInt64 = 1
    /// How many cursors stand open.
    var activeCursors = 0
    let observer: (@Sendable (StatementEvent) -> Void)?
    /// Whether statements may run only inside the open transaction: set around a write closure. A closure that
    /// swallowed the error by which SQLite ended the transaction must not go on in autocommit.
    var requiresTransaction = false
    /// Counts the closures that used it, so that what escaped from one is refused.
    private(set) var generation: UInt64 = 0
    private let cache: StatementCache
    private var ownStatements: [Statement] = []
    private var functions: [FunctionBox] = []
    private var isOpen = true

    /// Opens the file and installs the busy handler before the first statement.
    init(path: String, configuration: Database.Configuration, mayCreate: Bool) throws {
        self.path = path
        observer = configuration.statementObserver
        cache = StatementCache(capacity: configuration.statementCacheCount)
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (mayCreate ? SQLITE_OPEN_CREATE : 0)
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let error = DatabaseError.sqlite(code, on: opened, doing: "Opening \(path)")
            sqlite3_close_v2(opened)
            throw error
        }
        handle = opened
        deadline = MonotonicTime.now + configuration.busyTimeout
        installBusyHandler()
        statementGuard.install(on: handle)
    }

    deinit {
        close()
    }

    /// Finalizes every statement and closes the handle. Nobody may use the connection again.
    func close() {
        guard isOpen else { return }
        isOpen = false
        cache.removeAll()
        for statement in ownStatements { statement.finalize() }
        ownStatements = []
        sqlite3_close_v2(handle)
    }

    /// Waits in slices that grow from 0.1 to 1 ms until the deadline.
    private func installBusyHandler() {
        sqlite3_busy_handler(
            handle,
            { context, attempts in
                guard let context else { return 0 }
                let connection = Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
                if connection.deadline <= MonotonicTime.now { return 0 }
                usleep(attempts < 5 ? 100 : 1000)  // SQLite has no queue to wait in
                return 1
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Makes SQLite look every 1,000 instructions whether the read has expired.
    func limitDuration() {
        sqlite3_progress_handler(
            handle, 1000,
            { context in
                guard let context else { return 0 }
                return Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue().isExpired ? 1 : 0
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Whether the read that runs is older than the configuration allows.
    var isExpired: Bool {
        guard let expiry else { return false }
        return expiry <= MonotonicTime.now
    }

    /// The closure that used it has ended.
    @inline(__always)
    func endAccess() {
        generation &+= 1
    }

    /// Forgets what the transaction before wrote.
    func beginNoting() {
        writtenTables.removeAll(keepingCapacity: true)
        transactionNumber &+= 1
    }

    /// Whether no transaction is open.
    var isInAutocommit: Bool { sqlite3_get_autocommit(handle) != 0 }

    /// Runs LiteDB's own statement, which may be several, without rows.
    func run(_ sql: String, doing action: @autoclosure () -> String) throws {
        let enforced = statementGuard.isEnforced
        statementGuard.isEnforced = false
        defer { statementGuard.isEnforced = enforced }
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        writtenTables.formUnion(statementGuard.takeWrittenTables())
        if code != SQLITE_OK { throw error(code, doing: action(), sql: sql) }
    }

    /// The first column of the first row of LiteDB's own statement.
    func scalar(_ sql: SQL) throws -> SQLValue {
        let enforced = statementGuard.isEnforced
        statementGuard.isEnforced = false
        defer { statementGuard.isEnforced = enforced }
        return try first(sql) { row in row.value(0) } ?? .null
    }

    /// A step of LiteDB's own transaction control, prepared once and reused.
    func control(_ statement: Statement) -> Int32 {
        // An expired statement is prepared again by the step, which asks the guard again.
        let enforced = statementGuard.isEnforced
        statementGuard.isEnforced = false
        defer { statementGuard.isEnforced = enforced }
        let code = sqlite3_step(statement.handle)
        let result = sqlite3_reset(statement.handle)
        return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : result
    }

    /// Prepares LiteDB's own statement, outside the cache.
    func prepareOwn(_ sql: String) throws -> Statement {
        let enforced = statementGuard.isEnforced
        statementGuard.isEnforced = false
        defer { statementGuard.isEnforced = enforced }
        let statement = try prepare(sql)
        ownStatements.append(statement)
        return statement
    }

    /// The typed error for a result code.
    func error(_ code: Int32, doing action: String, sql: String? = nil) -> DatabaseError {
        let error = DatabaseError.sqlite(code, on: handle, doing: action, sql: sql)
        if error.code == .damaged, let damageMarker { DamagedFile.mark(damageMarker) }
        return error
    }

    // MARK: Statements

    /// A statement for this text that no cursor stands in.
    func statement(_ text: String) throws -> Statement {
        if let cached = cache.idle(text) { return cached }
        let statement = try prepare(text)
        cache.insert(statement)
        return statement
    }

    /// Forgets the cached statements.
    func finalizeStatements() {
        cache.removeAll()
    }

    private func prepare(_ text: String) throws -> Statement {
        var (prepared, rest) = try prepareFirst(text)
        guard let statement = prepared.take() else {
            throw DatabaseError(.notOneStatement, "Preparing a string that holds no statement", sql: text)
        }
        if rest.contains(where: { !$0.isWhitespace && $0 != ";" }), try prepareFirst(String(rest)).0 != nil {
            throw DatabaseError(
                .notOneStatement,
                "Preparing a string with more than one statement. Run them one by one, or use `executeScript`",
                sql: text)
        }
        return statement
    }

    /// The first statement of a string, nil if there is only space or a comment, and the text behind it. That of a script
    /// knows its own text only.
    func prepareFirst(_ text: String, ofScript isScript: Bool = false) throws -> (Statement?, Substring) {
        // SQLite reads up to it, and would run a DELETE without the WHERE behind it.
        guard !text.utf8.contains(0) else {
            throw DatabaseError(
                .invalidSQL, "Preparing a statement: its text holds a NUL character. Bind values", sql: text)
        }
        statementGuard.refusal = nil
        var prepared: OpaquePointer?
        var consumed = 0
        var copy = text
        let code = copy.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { bytes in
                var tail: UnsafePointer<CChar>?
                let code = sqlite3_prepare_v3(
                    handle, bytes.baseAddress, Int32(clamping: bytes.count), UInt32(SQLITE_PREPARE_PERSISTENT),
                    &prepared, &tail)
                if let tail, let start = bytes.baseAddress { consumed = tail - start }
                return code
            }
        }
        let writtenTables = statementGuard.takeWrittenTables()
        guard code == SQLITE_OK else {
            if let refusal = statementGuard.refusal {
                throw DatabaseError(refusal.code, "Preparing a statement: LiteDB refuses \(refusal.what)", sql: text)
            }
            throw error(code, doing: "Preparing a statement", sql: text)
        }
        let end = text.utf8.index(text.startIndex, offsetBy: consumed)
        let rest = text[end...]
        guard let prepared else { return (nil, rest) }
        let ownText = isScript ? String(text[..<end]) : text
        return (Statement(handle: prepared, text: ownText, writtenTables: writtenTables), rest)
    }

    /// Ends every cursor that was left open.
    func resetCursors() {
        guard activeCursors > 0 else { return }
        var next = sqlite3_next_stmt(handle, nil)
        while let statement = next {
            if sqlite3_stmt_busy(statement) != 0 { _ = sqlite3_reset(statement) }
            next = sqlite3_next_stmt(handle, statement)
        }
        activeCursors = 0
    }

    /// The same connection, with statements from closures checked from now on.
    func guarded() -> Connection {
        statementGuard.isEnforced = true
        return self
    }

    /// Registers a function; the connection keeps it alive.
    func register(_ function: SQLFunction) throws {
        functions.append(try FunctionBox.install(function, on: self))
    }
}
