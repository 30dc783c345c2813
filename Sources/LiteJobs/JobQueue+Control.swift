import LiteDB

extension JobQueue {
    /// Cancels a job that is not finished. One write transaction.
    ///
    /// The task of a running job is cancelled, also in another process; whatever it still does is not recorded.
    ///
    /// - Returns: False if there is no such job, or it is finished.
    /// - Throws: `DatabaseError`.
    @discardableResult
    public func cancel(_ id: JobID) async throws -> Bool {
        let (store, clock, retention) = (store, clock, configuration.completedRetention)
        return try await database.write { transaction in
            let now = clock.milliseconds()
            let pruneAt = Self.pruneTime(now, after: retention) ?? now
            return try store.cancel(id, pruneAt: pruneAt, at: now, in: transaction)
        }
    }

    /// Cancels every unfinished job that a filter lets through. A write transaction for each 500.
    ///
    /// - Returns: How many were cancelled.
    /// - Throws: `DatabaseError`; what was cancelled before stays cancelled.
    @discardableResult
    public func cancel(where filter: JobFilter) async throws -> Int {
        let (store, clock, retention) = (store, clock, configuration.completedRetention)
        return try await change(filter) { ids, transaction in
            let now = clock.milliseconds()
            let pruneAt = Self.pruneTime(now, after: retention) ?? now
            return try ids.count { try store.cancel($0, pruneAt: pruneAt, at: now, in: transaction) }
        }
    }

    /// Lets a dead or cancelled job run again, with all its attempts. One write transaction.
    ///
    /// - Returns: False if there is no such job, or it is neither dead nor cancelled.
    /// - Throws: `JobError` with `duplicate` if it is unique and one like it is there; `DatabaseError`.
    @discardableResult
    public func retry(_ id: JobID) async throws -> Bool {
        let (store, clock) = (store, clock)
        return try await database.write { transaction in
            try store.retry(id, at: clock.milliseconds(), in: transaction)
        }
    }

    /// Lets every dead or cancelled job that a filter lets through run again, with all its attempts. A write transaction
    /// for each 500. Unique jobs of which one like them is there stay as they are.
    ///
    /// - Returns: How many will run again.
    /// - Throws: `DatabaseError`; what was changed before stays changed.
    @discardableResult
    public func retry(where filter: JobFilter) async throws -> Int {
        let (store, clock) = (store, clock)
        return try await change(filter) { ids, transaction in
            try store.retryAll(ids, at: clock.milliseconds(), in: transaction)
        }
    }

    /// Removes every finished job that a filter lets through. A write transaction for each 500.
    ///
    /// - Returns: How many were removed.
    /// - Throws: `DatabaseError`; what was removed before stays removed.
    @discardableResult
    public func remove(where filter: JobFilter) async throws -> Int {
        let store = store
        return try await change(filter) { ids, transaction in try store.remove(ids, in: transaction) }
    }

    /// Goes through the jobs by their ids, so that each is met once. They are looked for beside the writer; those that the
    /// filter no longer lets through when they are written are left out.
    private func change(
        _ filter: JobFilter,
        _ body: @escaping @Sendable ([JobID], borrowing Transaction) throws -> Int
    ) async throws -> Int {
        let store = store
        var last = JobID(rawValue: 0)
        var count = 0
        while true {
            let after = last
            let found = try await database.scan { snapshot in try store.slice(filter, after: after, in: snapshot) }
            guard let end = found.last else { return count }
            count += try await database.write { transaction in
                let ids = try store.those(of: found, letThroughBy: filter, in: transaction)
                return ids.isEmpty ? 0 : try body(ids, transaction)
            }
            last = end
        }
    }

    /// Holds jobs back, in all processes and across restarts, until ``resume(_:)``. Jobs that run go on. One write
    /// transaction; it holds from the next claim on.
    ///
    /// - Throws: `DatabaseError`.
    public func pause(_ scope: PauseScope) async throws {
        let (store, clock) = (store, clock)
        try await database.write { transaction in
            try store.pause(scope, at: clock.milliseconds(), in: transaction)
        }
    }

    /// Ends a pause. Nothing happens if there is none. One write transaction, and for a tag one more for each 500 jobs
    /// that were held back for tags. If the process dies before all of them are back, a worker goes on.
    ///
    /// - Throws: `DatabaseError`.
    public func resume(_ scope: PauseScope) async throws {
        let store = store
        guard case .tag(let tag) = scope else {
            return try await database.write { transaction in try store.resume(scope, in: transaction) }
        }
        try await database.write { transaction in try store.beginToResume(tag: tag, in: transaction) }
        while try await resumeSome(tag: tag) {}
    }

    /// Goes on a little where somebody has begun to end the pause of a tag, and may have died since. Called by workers.
    ///
    /// - Returns: Whether there may be more to do.
    func resumeSome() async throws -> Bool {
        let store = store
        guard let tag = try database.read({ snapshot in try store.endingTag(in: snapshot) }) else { return false }
        _ = try await resumeSome(tag: tag)  // other tags may be left
        return true
    }

    private func resumeSome(tag: String) async throws -> Bool {
        let store = store
        return try await database.write { transaction in try store.resumeSome(tag: tag, in: transaction) }
    }

    /// What is paused. One read.
    ///
    /// - Throws: `DatabaseError`.
    public func pauses() async throws -> [PauseScope] {
        try database.read { snapshot in try store.pausedScopes(in: snapshot) }
    }
}
