import LiteDB

// Each change is one write transaction, shared with those that other callers make at the same time.

extension Cache {
    /// Stores a value, and returns when it is committed.
    ///
    /// If it does not fit, entries are removed first, in the same transaction: those whose time is over, then those
    /// that were not read for long.
    ///
    /// - Parameters:
    ///   - key: Any string.
    ///   - value: The value.
    ///   - expiresIn: How long it lives. Default as the configuration says.
    ///   - tags: What it depends on: ``invalidate(tag:)`` of any of them ends it.
    /// - Throws: `CacheError` with `tooLarge`, `unencodable` or `degraded`; `DatabaseError`.
    public func set<Value: Encodable & Sendable>(
        _ key: String, _ value: Value, expiresIn: Lifetime = .standard, tags: [String] = []
    ) async throws {
        _ = try await put(key, value, expiresIn, tags, .none)
    }

    /// Stores a value if there is none.
    ///
    /// - Returns: Whether it was stored.
    /// - Throws: As ``set(_:_:expiresIn:tags:)``.
    @discardableResult
    public func add<Value: Encodable & Sendable>(
        _ key: String, _ value: Value, expiresIn: Lifetime = .standard, tags: [String] = []
    ) async throws -> Bool {
        try await put(key, value, expiresIn, tags, .absent)
    }

    /// Stores a value in the place of another; does nothing if there is none.
    ///
    /// - Returns: Whether it was stored.
    /// - Throws: As ``set(_:_:expiresIn:tags:)``.
    @discardableResult
    public func replace<Value: Encodable & Sendable>(
        _ key: String, _ value: Value, expiresIn: Lifetime = .standard, tags: [String] = []
    ) async throws -> Bool {
        try await put(key, value, expiresIn, tags, .present)
    }

    /// Stores a value if nobody changed the entry since this version of it was read.
    ///
    /// - Parameters:
    ///   - key: Any string.
    ///   - value: The value.
    ///   - version: That of ``entry(_:as:)``; nil if there was no entry.
    ///   - expiresIn: How long it lives. Default as the configuration says.
    ///   - tags: What it depends on.
    /// - Returns: Whether it was stored.
    /// - Throws: As ``set(_:_:expiresIn:tags:)``.
    public func compareAndSet<Value: Encodable & Sendable>(
        _ key: String, _ value: Value, version: Version?, expiresIn: Lifetime = .standard, tags: [String] = []
    ) async throws -> Bool {
        try await put(key, value, expiresIn, tags, version.map { .version($0.number) } ?? .absent)
    }

    /// Stores several values in one transaction: all of them or none.
    ///
    /// - Throws: As ``set(_:_:expiresIn:tags:)``.
    public func setMany<Value: Encodable & Sendable>(
        _ values: [String: Value], expiresIn: Lifetime = .standard, tags: [String] = []
    ) async throws {
        var changes: [CacheChange] = []
        changes.reserveCapacity(values.count)
        let new = try newEntry(expiresIn, tags)
        for (key, value) in values { changes.append(try change(scope.entryKey(key), value, new, .none)) }
        _ = try await core.commit(changes)
        scope.counters.sets.count(changes.count)
    }

    /// Removes a value.
    ///
    /// - Returns: Whether there was one.
    /// - Throws: `CacheError` with `degraded`; `DatabaseError`.
    @discardableResult
    public func delete(_ key: String) async throws -> Bool {
        try core.refreshTags()
        let outcome = try await core.commit(CacheChange(key: scope.entryKey(key), kind: .delete))
        guard case .deleted(let wasThere) = outcome else { return false }
        return wasThere
    }

    /// Removes several values in one transaction.
    ///
    /// - Returns: How many there were.
    /// - Throws: `CacheError` with `degraded`; `DatabaseError`.
    @discardableResult
    public func deleteMany(_ keys: some Sequence<String>) async throws -> Int {
        try core.refreshTags()
        let outcomes = try await core.commit(keys.map { CacheChange(key: scope.entryKey($0), kind: .delete) })
        return outcomes.count { outcome in
            guard case .deleted(true) = outcome else { return false }
            return true
        }
    }

    /// Removes a value and gives it: of several callers one gets it.
    ///
    /// - Throws: `CacheError` with `undecodable`, and then it is gone all the same, or `degraded`; `DatabaseError`.
    public func take<Value: Decodable & Sendable>(
        _ key: String, as type: Value.Type = Value.self
    ) async throws -> Value? {
        try core.refreshTags()
        let outcome = try await core.commit(CacheChange(key: scope.entryKey(key), kind: .take))
        guard case .taken(let value?) = outcome else { return nil }
        return try core.coding.value(value, as: type, key: key)
    }

    /// Gives a value another lifetime, from now on. For how long `fetch` may serve it beyond that stays as it is.
    ///
    /// - Returns: Whether there is one.
    /// - Throws: `CacheError` with `degraded`; `DatabaseError`.
    @discardableResult
    public func touch(_ key: String, expiresIn: Lifetime = .standard) async throws -> Bool {
        try core.refreshTags()
        let outcome = try await core.commit(
            CacheChange(key: scope.entryKey(key), kind: .touch(core.milliseconds(expiresIn))))
        guard case .touched(let isThere) = outcome else { return false }
        return isThere
    }

    /// Lets a value live for ever, unless the budget needs its room.
    ///
    /// - Returns: Whether there is one.
    /// - Throws: `CacheError` with `degraded`; `DatabaseError`.
    @discardableResult
    public func persist(_ key: String) async throws -> Bool {
        try await touch(key, expiresIn: .never)
    }

    // MARK: Behind them

    private func put<Value: Encodable & Sendable>(
        _ key: String, _ value: Value, _ lifetime: Lifetime, _ tags: [String], _ condition: CacheChange.Condition
    ) async throws -> Bool {
        try await put(key, value, try newEntry(lifetime, tags), condition)
    }

    func put<Value: Encodable & Sendable>(
        _ key: String, _ value: Value, _ new: CacheChange.NewEntry, _ condition: CacheChange.Condition
    ) async throws -> Bool {
        // A condition asks whether the entry is valid; without one nobody does.
        if condition != .none { try core.refreshTags() }
        var change = try change(scope.entryKey(key), value, new, condition)
        if condition == .none { change.known = core.memory?.known(change.key.hash, key, scope: scope.index) }
        let outcome = try await core.commit(change)
        guard case .stored(let version, let position, let times) = outcome else { return false }
        scope.counters.sets.count()
        keep(value, change, key, version: version, position: position, times)
        return true
    }

    /// What every value of a call has in common.
    func newEntry(_ lifetime: Lifetime, _ tags: [String], stale: Int64 = 0) throws -> CacheChange.NewEntry {
        let buckets = scope.buckets(tags, core.tags)
        return CacheChange.NewEntry(
            value: StoredValue(.null), lifetime: core.milliseconds(lifetime), stale: stale, tags: buckets,
            tagsAt: buckets.isEmpty ? 0 : try core.refreshTags())
    }

    func change(
        _ key: EntryKey, _ value: some Encodable, _ common: CacheChange.NewEntry, _ condition: CacheChange.Condition
    ) throws -> CacheChange {
        let stored = try core.coding.stored(value)
        try core.checkSize(stored, key)
        return CacheChange(key: key, kind: .set(common.with(stored), condition))
    }

    /// Keeps what was stored in memory too.
    func keep<Value: Sendable>(
        _ value: Value, _ change: CacheChange, _ key: String, version: Int64, position: Int64, _ times: EntryTimes
    ) {
        guard let memory = core.memory?.own, case .set(let new, _) = change.kind else { return }
        memory.insert(
            committed: MemoryValue(
                value, EntryIdentity(hash: change.key.hash, key: key, scope: scope.index),
                bytes: Self.memoryBytes(of: new.value, key: key),
                EntryFacts(
                    version: version, expiresAt: times.expiresAt ?? .max, position: position, tags: new.tags,
                    tagsAt: new.tagsAt, storedBytes: CacheStore.bytes(of: new.value, key: change.key.text),
                    sweepAt: times.sweepAt)))
    }
}

extension CacheChange.NewEntry {
    func with(_ value: StoredValue) -> Self {
        Self(value: value, lifetime: lifetime, stale: stale, tags: tags, tagsAt: tagsAt)
    }
}

extension CacheCore {
    /// Commits a change, together with others that wait at the same time.
    func commit(_ change: CacheChange) async throws -> CacheChange.Outcome {
        try checkWritable()
        do {
            return try await changes.commit(change)
        } catch {
            throw isDamage(error) ? degraded : error
        }
    }

    /// Commits several changes in one transaction of their own: all of them or none. No two of one entry may depend on
    /// their order.
    ///
    /// - Returns: What came of them, in any order.
    func commit(_ changes: [CacheChange]) async throws -> [CacheChange.Outcome] {
        guard !changes.isEmpty else { return [] }
        // As the rows lie, or many changes visit, and write, the same pages again and again.
        let changes = changes.sorted { $0.key.hash < $1.key.hash }
        let (store, clock, visited) = (store, clock, visited)
        let (results, departures) = try await write { transaction in
            let applied = try store.apply(changes, at: clock.milliseconds(), visited: visited, in: transaction)
            return (applied.results, applied.departures)
        }
        counters.add(departures)
        return try results.map { try $0.get() }
    }
}
