import LiteDB

extension Cache {
    /// The value of a key; nil if there is none, or its time is over. From memory about 0.1 µs, else one read.
    ///
    /// - Parameters:
    ///   - key: Any string.
    ///   - type: What was stored.
    /// - Throws: `CacheError` with `undecodable` if a value of another type was stored, which stays; `DatabaseError`.
    @inlinable
    public func get<Value: Decodable & Sendable>(
        _ key: String, as type: Value.Type = Value.self
    ) async throws -> Value? {
        if let entry = try inMemory(key, ObjectIdentifier(Value.self)) {
            return unsafeDowncast(entry, to: MemoryValue<Value>.self).value
        }
        return try onDisk(key, as: type)
    }

    /// Whether there is a value. As ``get(_:as:)``, without decoding.
    ///
    /// - Throws: `DatabaseError`.
    public func exists(_ key: String) async throws -> Bool {
        try entryOnDisk(key) != nil
    }

    /// How long the value still lives, nil if there is none. One read.
    ///
    /// - Throws: `DatabaseError`.
    public func ttl(_ key: String) async throws -> Lifetime? {
        guard let entry = try entryOnDisk(key) else { return nil }
        guard let expiry = entry.times.expiresAt else { return .never }
        return .milliseconds(max(0, expiry - core.clock.milliseconds()))
    }

    /// The value with its version, for ``compareAndSet(_:_:version:expiresIn:tags:)``. One read.
    ///
    /// - Throws: `CacheError` with `undecodable`; `DatabaseError`.
    public func entry<Value: Decodable & Sendable>(
        _ key: String, as type: Value.Type = Value.self
    ) async throws -> Entry<Value>? {
        guard let entry = try entryOnDisk(key) else { return nil }
        return Entry(
            value: try core.coding.value(entry.value, as: type, key: key), version: Version(number: entry.version))
    }

    /// The values of several keys, without those that are missing. One read for all that are not in memory.
    ///
    /// - Throws: As ``get(_:as:)``.
    @inlinable
    public func getMany<Value: Decodable & Sendable>(
        _ keys: some Sequence<String>, as type: Value.Type = Value.self
    ) async throws -> [String: Value] {
        var values: [String: Value] = [:]
        values.reserveCapacity(keys.underestimatedCount)
        var missing: [String] = []
        for key in keys {
            if let entry = try inMemory(key, ObjectIdentifier(Value.self)) {
                values[key] = unsafeDowncast(entry, to: MemoryValue<Value>.self).value
            } else {
                missing.append(key)
            }
        }
        if !missing.isEmpty { try onDisk(missing, as: type) { key, value in values[key] = value } }
        return values
    }

    // MARK: Behind them

    /// The entry in memory, if it is of this type and may be shown.
    @usableFromInline
    func inMemory(_ key: String, _ type: ObjectIdentifier) throws -> MemoryEntry? {
        guard let memory else { return nil }
        let (hash, index) = (scope.hash(key), scope.index)
        let found: MemoryEntry?
        do {
            found = try memory._withUnsafeGuaranteedRef { try $0.entry(hash, key, type, scope: index) }
        } catch {
            guard core.isDamage(error) else { throw error }
            return nil
        }
        guard let entry = found else { return nil }
        if entry.expiresAt != .max, entry.expiresAt <= clock._withUnsafeGuaranteedRef({ $0.milliseconds() }) {
            core.memory?.own.remove(entry)
            return nil
        }
        if !entry.tags.isEmpty, try !core.isValid(entry.tags, since: entry.tagsAt) {
            core.memory?.own.remove(entry)
            return nil
        }
        return entry
    }

    @usableFromInline
    func onDisk<Value: Decodable & Sendable>(_ key: String, as type: Value.Type) throws -> Value? {
        let entryKey = scope.entryKey(key)
        let sequence = core.memory?.own.sequence(entryKey.hash)
        guard let entry = try entryOnDisk(entryKey) else { return nil }
        return try decoded(entry, entryKey.hash, key, as: type, readAt: sequence)
    }

    /// Passes on the values of several keys, without those that are missing.
    @usableFromInline
    func onDisk<Value: Decodable & Sendable>(
        _ keys: [String], as type: Value.Type, _ body: (String, Value) -> Void
    ) throws {
        let entryKeys = keys.map { scope.entryKey($0) }
        // Before the read: what is worked in later must not be covered by what the read finds.
        let sequences = core.memory.map { memory in entryKeys.map { memory.own.sequence($0.hash) } }
        let found = try core.read(orElse: entryKeys.map { _ in nil }) { snapshot in
            try core.store.rows(entryKeys, in: snapshot)
        }
        let now = core.clock.milliseconds()
        var positions: [Int64] = []
        positions.reserveCapacity(keys.count)
        // Counted and noted together, and also if a value does not decode.
        defer {
            scope.counters.diskHits.count(positions.count)
            core.visited.insert(contentsOf: positions)
        }
        for index in keys.indices {
            guard let entry = found[index], try isLive(entry, at: now) else {
                scope.counters.misses.count()
                continue
            }
            positions.append(entry.position)
            body(
                keys[index],
                try decoded(entry, entryKeys[index].hash, keys[index], as: type, readAt: sequences?[index]))
        }
    }

    func entryOnDisk(_ key: String) throws -> CacheStore.Entry? {
        try entryOnDisk(scope.entryKey(key))
    }

    private func entryOnDisk(_ key: EntryKey) throws -> CacheStore.Entry? {
        try live(try core.read(orElse: nil) { snapshot in try core.store.row(key, in: snapshot) })
    }

    /// The entry if it may be shown, counted as a hit or a miss.
    private func live(_ entry: CacheStore.Entry?) throws -> CacheStore.Entry? {
        guard let entry, try isLive(entry, at: core.clock.milliseconds()) else {
            scope.counters.misses.count()
            return nil
        }
        scope.counters.diskHits.count()
        core.visited.insert(entry.position)
        return entry
    }

    private func isLive(_ entry: CacheStore.Entry, at now: Int64) throws -> Bool {
        // Looked at after the reading: what was invalidated before the call is known by now.
        if !entry.tags.isEmpty { try core.refreshTags() }
        return core.store.isLive(entry, at: now)
    }

    func decoded<Value: Decodable & Sendable>(
        _ entry: CacheStore.Entry, _ hash: Int64, _ key: String, as type: Value.Type, readAt sequence: Int64?
    ) throws -> Value {
        let value = try core.coding.value(entry.value, as: type, key: key)
        if let sequence { core.memory?.own.insert(memoryEntry(value, entry, hash, key), readAt: sequence) }
        return value
    }

    private func memoryEntry<Value: Sendable>(
        _ value: Value, _ entry: CacheStore.Entry, _ hash: Int64, _ key: String
    ) -> MemoryEntry {
        MemoryValue(
            value, EntryIdentity(hash: hash, key: key, scope: scope.index),
            bytes: Self.memoryBytes(of: entry.value, key: key),
            EntryFacts(
                version: entry.version, expiresAt: entry.times.expiresAt ?? .max, position: entry.position,
                tags: entry.tags, tagsAt: entry.tagsAt, storedBytes: entry.bytes, sweepAt: entry.times.sweepAt))
    }

    /// What a value counts in memory: a decoded one is guessed at twice its stored form.
    static func memoryBytes(of value: StoredValue, key: String) -> Int {
        200 + key.utf8.count + value.byteCount * (value.flags.contains(.coded) ? 2 : 1)
    }
}
