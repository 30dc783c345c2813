import CLiteStackSQLite
import Logging

// How a group is committed (the cases behind each step are tests):
//
//   gate → BEGIN IMMEDIATE → for each operation: SAVEPOINT, closure, checks, RELEASE → COMMIT → tell the callers.
//
// After each closure: open cursors are reset; it threw, or left deferred foreign keys open → ROLLBACK TO, and only it
// gets an error. SQLite ended the transaction itself (a full disk, ON CONFLICT ROLLBACK, RAISE) → the group is lost:
// the culprit gets its error, closures that had run get `.groupRolledBack`, statements as values run again, and what
// had not started waits for the next group. A COMMIT that failed in I/O may lie complete in the WAL and come back
// after a crash; a covering commit is written over it before anyone is told.

extension Writer {
    /// An operation that has run, and the error of its own.
    struct Outcome {
        let operation: WriteOperation
        var error: (any Error)?
    }

    /// Runs what waits, as one transaction. The caller has set `isBusy`.
    func runGroup() {
        if let alone = takeExclusive() {
            runExclusive(alone)
            return
        }
        guard let hasGate = beginGroup() else { return }
        let before = walIndex.header()
        connection.beginNoting()
        var outcomes: [Outcome] = []
        let lost = insideTransaction { runOperations(into: &outcomes) }
        let finished: [Outcome]
        if let lost {
            finished = settleLostGroup(outcomes, cause: lost)
            if hasGate { gate.leave() }
        } else if outcomes.allSatisfy({ $0.error != nil }) {
            // Pages that were touched and restored would be committed all the same, at the price of an fsync.
            _ = connection.control(statements.rollback)
            if hasGate { gate.leave() }
            finished = outcomes
        } else {
            let failure = commit()
            if hasGate { gate.leave() }
            finished = failure.map { settleFailedCommit(outcomes, cause: $0) } ?? outcomes
            if failure == nil { metrics.committed(writeCount: outcomes.count { $0.error == nil }) }
            // Also after a failure: a covering commit changes the header.
            announce(since: before)
        }
        monitor.withLock { learn(fromGroupOf: outcomes.count) }
        for outcome in finished { outcome.operation.finish(outcome.error) }
    }

    /// Tells the listeners if the commit changed anything.
    func announce(since before: WALIndex.Header) {
        hasWritten = true
        committed(before, connection.writtenTables)
    }

    // MARK: Beginning

    /// Enters the gate and begins, until the earliest deadline; false in the result if the gate was passed by.
    /// Nil if nothing is left to run.
    private func beginGroup() -> Bool? {
        monitor.withLock { isBeginning = true }
        defer { monitor.withLock { isBeginning = false } }
        while let deadline = monitor.withLock({ queue.earliestDeadline }) {
            let hasGate = gate.enter(until: deadline)
            // A gate that is stuck must not eat the time for SQLite's own lock.
            connection.deadline = max(deadline, MonotonicTime.now + .milliseconds(hasGate ? 0 : 20))
            let code = connection.control(statements.begin)
            if code == SQLITE_OK { return hasGate }
            let error = connection.error(code, doing: "Beginning a write on \(connection.path)")
            if hasGate { gate.leave() }
            if error.code == .busy {
                expire()
            } else {
                let waiting = monitor.withLock { queue.removeAll() }
                for operation in waiting { operation.finish(error) }
            }
        }
        return nil
    }

    private func expire() {
        let now = MonotonicTime.now
        let expired = monitor.withLock { queue.removeExpired(at: now) }
        guard !expired.isEmpty else { return }
        tellBusy(expired, at: now, holder: LockHolders.description(ofWriteLockOn: connection.path))
    }

    /// Gives up those whose deadline passed behind a slow write of this process. Called on each tick of the housekeeper.
    ///
    /// - Returns: Whether a write runs or waits.
    func expireWaiting(at now: MonotonicTime) -> Bool {
        let (isActive, expired) = monitor.withLock {
            (isBusy || !queue.isEmpty, isBusy && !isBeginning ? queue.removeExpired(at: now) : [])
        }
        tellBusy(expired, at: now, holder: "another write of this process")
        return isActive
    }

    private func tellBusy(_ expired: [WriteOperation], at now: MonotonicTime, holder: String) {
        metrics.gaveUp(count: expired.count)
        for operation in expired {
            let waited = now.since(operation.enqueued).seconds
            operation.finish(
                DatabaseError(
                    .busy,
                    "Writing to \(connection.path): waited \(waited) s for the write lock, held by \(holder). "
                        + "Nothing was written; try again, or raise `busyTimeout`",
                    sqliteCode: SQLITE_BUSY))
        }
    }

    // MARK: Running

    /// Runs users' closures: their statements are checked, and may not run outside the transaction.
    func insideTransaction<T>(_ body: () throws -> T) rethrows -> T {
        access.enter()
        connection.statementGuard.isEnforced = true
        connection.requiresTransaction = true
        defer {
            connection.requiresTransaction = false
            connection.endAccess()
            connection.statementGuard.isEnforced = false
            access.leave()
        }
        return try body()
    }

    /// Runs what waits, bounded in count and time. Returns the error that ended the transaction, if one did.
    private func runOperations(into outcomes: inout [Outcome]) -> DatabaseError? {
        let started = MonotonicTime.now
        var now = started
        while outcomes.count < max(1, configuration.maximumGroupCount),
            outcomes.isEmpty || now.since(started) < configuration.maximumGroupDuration,
            let operation = takeNext()
        {
            let error = run(operation)
            let ended = MonotonicTime.now
            warnIfSlow(operation.callSite, ended.since(now))
            now = ended
            outcomes.append(Outcome(operation: operation, error: error))
            if connection.isInAutocommit { return lossCause(error) }
        }
        return nil
    }

    private func takeNext() -> WriteOperation? {
        monitor.withLock {
            guard let first = queue.first, first.kind != .exclusive else { return nil }
            _ = queue.popFirst()
            first.state = .started
            return first
        }
    }

    /// Runs one operation; its error, or nil if its changes stand in the transaction.
    private func run(_ operation: WriteOperation) -> (any Error)? {
        connection.lastFailure = nil
        let code = connection.control(statements.savepoint)
        guard code == SQLITE_OK else { return connection.error(code, doing: "Starting a write") }
        var failure: (any Error)?
        do {
            if operation.kind == .closure {
                try operation.context.run { try operation.run(on: connection) }
            } else {
                try operation.run(on: connection)
            }
            failure = openForeignKeys()
        } catch {
            failure = error
        }
        connection.resetCursors()
        guard !connection.isInAutocommit else { return failure ?? lossCause(nil) }
        var ending = failure == nil ? SQLITE_OK : connection.control(statements.rollbackTo)
        if ending == SQLITE_OK { ending = connection.control(statements.release) }
        guard ending != SQLITE_OK else { return failure }
        // What this write did could not be taken back alone: the group is lost.
        let error = failure ?? connection.error(ending, doing: "Ending a write")
        if !connection.isInAutocommit { _ = connection.control(statements.rollback) }
        return error
    }

    /// The error for deferred foreign keys that a closure left open: COMMIT would fail for everybody.
    func openForeignKeys() -> DatabaseError? {
        var current: Int32 = 0
        var highest: Int32 = 0
        sqlite3_db_status(connection.handle, SQLITE_DBSTATUS_DEFERRED_FKS, &current, &highest, 0)
        guard current != 0 else { return nil }
        return DatabaseError(
            .constraint,
            "Ending a write: deferred foreign keys are not satisfied. Nothing of it was written; "
                + "insert the rows they refer to in the same transaction",
            sqliteCode: SQLITE_CONSTRAINT | (3 << 8))
    }

    private func lossCause(_ error: (any Error)?) -> DatabaseError {
        (error as? DatabaseError) ?? connection.lastFailure
            ?? DatabaseError(.other, "Writing: SQLite ended the whole transaction")
    }

    /// Logs a write that took long, with its place in the source.
    func warnIfSlow(_ callSite: CallSite, _ duration: Duration) {
        guard duration >= configuration.slowWriteThreshold else { return }
        logger.warning(
            "a write closure was slow; every other write waits for it",
            metadata: [
                "litestack.db.path": "\(connection.path)", "litestack.db.seconds": "\(duration.seconds)",
                "litestack.db.source": "\(callSite.fileID):\(callSite.line)",
            ])
    }

    // MARK: Ending

    /// Commits; the error if SQLite could not.
    func commit() -> DatabaseError? {
        committing()
        let started = MonotonicTime.now
        let code = connection.control(statements.commit)
        metrics.commitDuration.record(since: started)
        guard code != SQLITE_OK else { return nil }
        return connection.error(code, doing: "Committing to \(connection.path)")
    }
}
