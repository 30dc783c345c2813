import LiteDB

extension Cable {
    /// Starts a subscription. It begins here, not when it is first iterated: what is committed after this call
    /// returned is delivered.
    ///
    /// Nothing is queued for it: it takes what this process has read last, or reads the log where it stands. Backlog and
    /// new messages come from the same log by the same numbers, so there is no duplicate and no hole between them.
    ///
    /// - Parameters:
    ///   - patterns: The channels: names, or patterns such as `room.*.typing` and `room.>`. One order holds for all.
    ///   - start: Where to begin. Default `.live`.
    ///   - policy: What becomes of it when it is slow. Default `.catchUpFromLog`.
    ///   - connection: Messages that exclude this connection are left out. Default none.
    /// - Throws: `CableError` with `invalidChannel`; `DatabaseError`.
    public func subscribe(
        to patterns: some Sequence<String>, from start: Start = .live, whenSlow policy: SlowPolicy = .catchUpFromLog,
        as connection: ConnectionID? = nil
    ) async throws -> Subscription {
        try await subscribe(matching: ChannelMatcher(patterns), from: start, whenSlow: policy, as: connection)
    }

    /// Starts a subscription to one channel or pattern. See
    /// ``subscribe(to:from:whenSlow:as:)-(Sequence<String>,_,_,_)``.
    ///
    /// - Throws: `CableError` with `invalidChannel`; `DatabaseError`.
    public func subscribe(
        to pattern: String, from start: Start = .live, whenSlow policy: SlowPolicy = .catchUpFromLog,
        as connection: ConnectionID? = nil
    ) async throws -> Subscription {
        try await subscribe(to: [pattern], from: start, whenSlow: policy, as: connection)
    }

    func subscribe(
        matching matcher: ChannelMatcher, from start: Start, whenSlow policy: SlowPolicy = .catchUpFromLog,
        as connection: ConnectionID? = nil, portion: CableStore.Portion = .large
    ) async throws -> Subscription {
        let store = store
        var isChecked = true
        let cursor: Cursor
        switch start {
        case .live:
            cursor = try head()
        case .after(let place):
            cursor = place
            isChecked = false
        case .since(let date):
            cursor = Cursor(
                epoch: store.epoch,
                seq: try await database.scan { snapshot in try store.position(since: date, in: snapshot) })
        case .last(let count):
            cursor = Cursor(
                epoch: store.epoch,
                seq: try await database.scan { snapshot in
                    try store.position(last: count, matching: matcher, in: snapshot)
                })
        }
        return Subscription(
            router: router, matcher: matcher, start: cursor, isChecked: isChecked, policy: policy,
            connection: connection, portion: portion, onListening: listening(to: matcher))
    }

    /// Who listens to presence is told of members that vanish, also if nobody of this process is present.
    private func listening(to matcher: ChannelMatcher) -> @Sendable () -> Void {
        let concernsPresence = matcher.patterns.contains { $0.text.hasPrefix(CableStore.presencePrefix) }
        guard concernsPresence else { return {} }
        return { [weak presence] in presence?.startKeeping() }
    }
}
