import CLiteStackSQLite

extension Connection {
    /// Runs a statement, passing each row to `body` until it returns false.
    func withRows(_ sql: SQL, _ body: (borrowing Row) throws -> Bool) throws {
        if requiresTransaction, isInAutocommit { throw transactionEnded(sql.text) }
        if isExpired { throw DatabaseError.snapshotTooOld(sql.text) }
        let statement = try statement(sql.text)
        try statement.bind(sql.arguments, on: self)
        let started = observer == nil ? MonotonicTime(nanoseconds: 0) : .now
        var rows = 0
        statement.isActive = true
        activeCursors += 1
        defer {
            // The counters are gone after the reset of the next run, so the observer sees them first.
            if let observer { observe(statement, since: started, rows: rows, with: observer) }
            statement.reset()
            statement.isActive = false
            activeCursors -= 1
        }
        note(statement)
        while try statement.step(on: self) {
            rows += 1
            guard try body(Row(statement: statement)) else { return }
        }
    }

    /// Runs several statements without arguments, one after the other; their rows are dropped.
    func executeScript(_ script: String) throws {
        var rest = Substring(script)
        while !rest.isEmpty {
            let (prepared, remainder) = try prepareFirst(String(rest), ofScript: true)
            guard let prepared else { return }
            if isInAutocommit { throw transactionEnded(prepared.text) }
            try runToEnd(prepared)
            rest = remainder
        }
    }

    private func runToEnd(_ statement: Statement) throws {
        try statement.bind([], on: self)
        note(statement)
        let started = MonotonicTime.now
        var rows = 0
        defer {
            if let observer { observe(statement, since: started, rows: rows, with: observer) }
            statement.reset()
        }
        while try statement.step(on: self) { rows += 1 }
    }

    /// Notes the tables that a statement writes, once in each transaction: a set of names takes longer than a small write.
    @inline(__always)
    private func note(_ statement: Statement) {
        guard !statement.writtenTables.isEmpty, statement.notedIn != transactionNumber else { return }
        statement.notedIn = transactionNumber
        writtenTables.formUnion(statement.writtenTables)
    }

    /// The first row, mapped; nil if there is none.
    func first<T>(_ sql: SQL, _ map: (borrowing Row) throws -> T) throws -> T? {
        var result: T?
        try withRows(sql) { row in
            result = try map(row)
            return false
        }
        return result
    }

    /// Runs a statement to its end and gives the number of changed rows.
    func execute(_ sql: SQL) throws -> Int {
        let before = sqlite3_total_changes64(handle)
        try withRows(sql) { _ in true }
        // A statement that changes nothing leaves sqlite3_changes as it was; the total tells.
        return sqlite3_total_changes64(handle) == before ? 0 : Int(sqlite3_changes64(handle))
    }

    /// The error of a statement after SQLite ended the transaction by itself.
    func transactionEnded(_ sql: String) -> DatabaseError {
        DatabaseError(
            lastFailure?.code ?? .other,
            "Running a statement: an earlier error ended the whole transaction, so nothing more can run in it. "
                + "Let that error leave the closure",
            sql: sql, underlying: lastFailure)
    }

    private func observe(
        _ statement: Statement, since started: MonotonicTime, rows: Int,
        with observer: @Sendable (StatementEvent) -> Void
    ) {
        func counter(_ operation: Int32) -> Int { Int(sqlite3_stmt_status(statement.handle, operation, 1)) }
        observer(
            StatementEvent(
                sql: NormalisedSQL.text(of: statement.text),
                duration: MonotonicTime.now.since(started),
                rowCount: rows,
                fullScanStepCount: counter(SQLITE_STMTSTATUS_FULLSCAN_STEP),
                sortCount: counter(SQLITE_STMTSTATUS_SORT),
                automaticIndexCount: counter(SQLITE_STMTSTATUS_AUTOINDEX),
                virtualMachineStepCount: counter(SQLITE_STMTSTATUS_VM_STEP)))
    }
}
