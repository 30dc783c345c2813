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
        connection.writtenTables.removeAll(keepingCapacity: true)
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
        let code = connection.control(statements.commit)
        guard code != SQLITE_OK else { return nil }
        return connection.error(code, doing: "Committing to \(connection.path)")
    }

    /// Sorts the operations of a lost group: who is told what, and who runs again.
    func settleLostGroup(_ outcomes: [Outcome], cause: DatabaseError) -> [Outcome] {
        if !connection.isInAutocommit { _ = connection.control(statements.rollback) }
        var again: [WriteOperation] = []
        var told: [Outcome] = []
        for (index, outcome) in outcomes.enumerated() {
            let isCulprit = index == outcomes.count - 1
            if outcome.error != nil || isCulprit {
                told.append(Outcome(operation: outcome.operation, error: outcome.error ?? cause))
            } else if outcome.operation.kind == .statement, !outcome.operation.hasRunBefore {
                outcome.operation.hasRunBefore = true
                again.append(outcome.operation)
            } else {
                told.append(Outcome(operation: outcome.operation, error: DatabaseError.groupRolledBack(cause)))
            }
        }
        let failure = monitor.withLock {
            guard self.failure == nil else { return self.failure }
            for operation in again { operation.state = .waiting }
            queue.putBack(again)
            return nil
        }
        if let failure { told += again.map { Outcome(operation: $0, error: failure) } }
        return told
    }

    /// A COMMIT that failed: cover it, then tell everybody.
    func settleFailedCommit(_ outcomes: [Outcome], cause: DatabaseError) -> [Outcome] {
        if !connection.isInAutocommit { _ = connection.control(statements.rollback) }
        let error = coverFailedCommit(cause)
        return outcomes.map { Outcome(operation: $0.operation, error: $0.error ?? error) }
    }

    /// Writes a small commit over the frames of one that failed in I/O. They hold a commit mark, and would come back
    /// after a crash although their callers were told that they failed.
    func coverFailedCommit(_ cause: DatabaseError) -> DatabaseError {
        guard let sqliteCode = cause.sqliteCode, sqliteCode & 0xff == SQLITE_IOERR else {
            return cause
        }
        // Another process may have taken the lock meanwhile; its commit covers the frames as well.
        connection.deadline = MonotonicTime.now + .seconds(5)
        do {
            let version = try connection.scalar("PRAGMA user_version")
            try connection.run(
                "BEGIN IMMEDIATE; PRAGMA user_version = \(try Int64(sqlValue: version)); COMMIT",
                doing: "Covering a failed commit")
        } catch {
            if !connection.isInAutocommit { _ = connection.control(statements.rollback) }
            let unknown = DatabaseError(
                .outcomeUnknown,
                "Committing to \(connection.path): the disk failed, and the covering commit failed too. Nobody sees "
                    + "the write now, but after a crash it may come back. Check the disk, then reopen the database",
                sqliteCode: cause.sqliteCode, underlying: cause)
            fail(.failed(connection.path, cause))
            return unknown
        }
        // After an fsync that failed the kernel may have dropped the pages: a later fsync that succeeds proves nothing.
        if configuration.durability == .full { fail(.failed(connection.path, cause)) }
        return cause
    }
}

extension DatabaseError {
    static func groupRolledBack(_ cause: DatabaseError) -> DatabaseError {
        DatabaseError(
            .groupRolledBack,
            "Writing: another write of the same group ended the transaction (\(cause.code)). "
                + "Nothing of this one was written; it is safe to try again",
            underlying: cause)
    }

    static func failed(_ path: String, _ cause: DatabaseError) -> DatabaseError {
        DatabaseError(
            .failed,
            "Writing to \(path): an earlier commit failed in I/O, and a later success would prove nothing. "
                + "Reading goes on. Check the disk, then close every `Database` of this file and open it again",
            sqliteCode: cause.sqliteCode, underlying: cause)
    }
}
