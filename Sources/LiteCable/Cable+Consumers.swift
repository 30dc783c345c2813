public import LiteDB

extension Cable {
    /// A consumer that the log knows by name, with the place that it saved last.
    public struct Consumer: Sendable, Hashable {
        /// Its name.
        public let name: String
        /// Everything up to here is done.
        public let cursor: Cursor
    }

    /// Subscribes as a named consumer: behind the place that it saved last, whichever process saved it.
    ///
    /// Nothing is saved by receiving. Save the cursor of a message when its effects are committed, best in the same
    /// transaction: then each message has its effects exactly once, also through kills. One process at a time should
    /// consume under a name; two would both receive everything.
    ///
    /// - Parameters:
    ///   - name: 1 to 512 bytes, without control characters.
    ///   - patterns: The channels.
    ///   - start: Where the consumer begins that has saved nothing yet; this place is saved at once. Default `.live`.
    /// - Throws: `CableError` with `invalidChannel` for the name or a pattern; `DatabaseError`.
    public func subscribe(
        consumer name: String, to patterns: some Sequence<String>, from start: Start = .live
    ) async throws -> Subscription {
        try ChannelName.checkConsumer(name)
        let matcher = try ChannelMatcher(patterns)
        let store = store
        let (known, head) = try database.read { snapshot in
            (try store.offset(of: name, in: snapshot), try store.head(in: snapshot))
        }
        if let saved = known {
            if saved > head {
                // It would never save again, nor be told what came: the gap that comes first ends here.
                let now = clock.milliseconds()
                try await database.write { transaction in try store.reset(name, to: head, at: now, in: transaction) }
            }
            return try await subscribe(matching: matcher, from: .after(Cursor(epoch: store.epoch, seq: saved)))
        }
        let first = try await subscribe(matching: matcher, from: start)
        guard first.start.epochNumber == store.epoch else { return first }  // a gap comes first; its end can be saved
        let (seq, now) = (first.start.seq, clock.milliseconds())
        try await database.write { transaction in try store.save(seq, of: name, at: now, in: transaction) }
        return first
    }

    /// Saves that a consumer is done with everything up to a cursor. It never moves back. One write transaction.
    ///
    /// - Throws: `CableError` with `otherLog`, also for a cursor that the log has not come to; `DatabaseError`.
    public func save(_ cursor: Cursor, consumer name: String) async throws {
        try check(cursor, name)
        let (store, now) = (store, clock.milliseconds())
        try await database.write { transaction in try store.save(cursor.seq, of: name, at: now, in: transaction) }
    }

    /// The same in the caller's transaction, together with what the messages led to.
    ///
    /// - Throws: `CableError` with `wrongDatabase` or `otherLog`; `DatabaseError`.
    public func save(_ cursor: Cursor, consumer name: String, in transaction: borrowing Transaction) throws {
        try check(transaction.databaseIdentifier)
        try check(cursor, name)
        try store.save(cursor.seq, of: name, at: clock.milliseconds(), in: transaction)
    }

    /// Every named consumer. One read.
    ///
    /// - Throws: `DatabaseError`.
    public func consumers() async throws -> [Consumer] {
        let store = store
        return try database.read { snapshot in
            try store.offsets(in: snapshot).map { name, seq in
                Consumer(name: name, cursor: Cursor(epoch: store.epoch, seq: seq))
            }
        }
    }

    /// Forgets a consumer. One write transaction.
    ///
    /// - Throws: `DatabaseError`.
    public func removeConsumer(_ name: String) async throws {
        let store = store
        try await database.write { transaction in try store.removeOffset(of: name, in: transaction) }
    }

    private func check(_ cursor: Cursor, _ name: String) throws {
        try ChannelName.checkConsumer(name)
        guard cursor.epochNumber == store.epoch else {
            throw CableError(
                .otherLog,
                "Saving the place of a consumer: the cursor belongs to another log than \(database.path) holds now")
        }
    }
}
