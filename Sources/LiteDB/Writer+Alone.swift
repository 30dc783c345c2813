import CLiteStackSQLite

// A transaction of one closure: on the caller's own thread where nothing would wait, and for LiteDB's exclusive
// operations (migrations, schemas) on the writer thread. A group of one needs no savepoint.

extension Writer {
    /// Runs `body` on the caller's own thread, if the writer is idle and nothing would wait.
    ///
    /// Only with `.normal` durability, where a commit does no fsync: an fsync must not hold a thread of the
    /// cooperative pool. There is one exception that SQLite leaves no choice about: the first commit after a checkpoint
    /// that lets the WAL start over writes the WAL's header, and fsyncs that (https://sqlite.org/pragma.html#pragma_synchronous).
    /// So one commit in a thousand frames or more holds its thread for that long.
    ///
    /// - Parameter isRelaxed: The write need not survive a power cut, and with `.full` is committed without an fsync.
    /// - Returns: Whether it was written. False if something would have waited: nothing was run, so queue it.
    func writeInline(
        isRelaxed: Bool = false, at callSite: CallSite, _ body: (Connection) throws -> Void
    ) throws -> Bool {
        guard configuration.durability == .normal || isRelaxed, checkpointer?.isFarBehind != true, takeIfIdle() else {
            return false
        }
        defer { giveBack() }
        guard gate.tryEnter() else { return false }
        defer { gate.leave() }
        let skipsSync = configuration.durability == .full
        if skipsSync { try setSynchronous("NORMAL") }
        defer { if skipsSync { restoreDurability() } }
        connection.deadline = MonotonicTime(nanoseconds: 0)
        let started = MonotonicTime.now
        guard connection.control(statements.begin) == SQLITE_OK else { return false }
        defer { warnIfSlow(callSite, MonotonicTime.now.since(started)) }
        try finishAlone(body)
        return true
    }

    /// This pragma does its work when it is prepared (https://sqlite.org/pragma.html), so it is prepared each time: 2 µs.
    private func setSynchronous(_ level: String) throws {
        try connection.run("PRAGMA synchronous = \(level)", doing: "Setting the durability of \(connection.path)")
    }

    /// The next commit is durable again, and makes those before it so: an fsync is of the whole WAL.
    private func restoreDurability() {
        do {
            try setSynchronous("FULL")
        } catch {
            // It cannot fail outside a transaction; if it did, acknowledged writes would not be durable.
            fail(
                (error as? DatabaseError) ?? DatabaseError(.failed, "Making \(connection.path) durable again: \(error)")
            )
        }
    }

    /// Runs `body` in a transaction of its own, on the thread that has the connection.
    func transactAlone<Value>(_ body: (Connection) throws -> Value) throws -> Value {
        connection.deadline = max(connection.deadline, MonotonicTime.now + configuration.busyTimeout)
        let code = connection.control(statements.begin)
        guard code == SQLITE_OK else { throw connection.error(code, doing: "Beginning a write on \(connection.path)") }
        return try finishAlone(body)
    }

    /// Runs `body` in the transaction that was begun, and commits or undoes it.
    private func finishAlone<Value>(_ body: (Connection) throws -> Value) throws -> Value {
        let before = walIndex.header()
        connection.beginNoting()
        connection.lastFailure = nil
        let value = try runAlone(body)
        let failure = commit()
        if failure != nil, !connection.isInAutocommit { _ = connection.control(statements.rollback) }
        let error = failure.map(coverFailedCommit)
        announce(since: before)
        if let error { throw error }
        metrics.committed(writeCount: 1)
        return value
    }

    private func runAlone<Value>(_ body: (Connection) throws -> Value) throws -> Value {
        do {
            let value = try insideTransaction { try body(connection) }
            connection.resetCursors()
            if connection.isInAutocommit {
                throw connection.lastFailure
                    ?? DatabaseError(.other, "Writing: SQLite ended the whole transaction")
            }
            if let open = openForeignKeys() { throw open }
            return value
        } catch {
            connection.resetCursors()
            if !connection.isInAutocommit { _ = connection.control(statements.rollback) }
            throw error
        }
    }

    private func takeIfIdle() -> Bool {
        monitor.withLock {
            guard !isBusy, queue.isEmpty, failure == nil, !isStopped else { return false }
            guard prefersGroupsUntil.nanoseconds == 0 || prefersGroupsUntil <= MonotonicTime.now else { return false }
            prefersGroupsUntil = MonotonicTime(nanoseconds: 0)
            isBusy = true
            return true
        }
    }

    private func giveBack() {
        monitor.withLock {
            isBusy = false
            if !queue.isEmpty || isStopped { monitor.broadcast() }
        }
    }
}
