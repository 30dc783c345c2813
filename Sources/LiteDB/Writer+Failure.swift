import CLiteStackSQLite

// What is done about a group that was lost and a COMMIT that failed. The cases are told in `Writer+Group.swift`.

extension Writer {
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
