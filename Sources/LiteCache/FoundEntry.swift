import LiteDB

/// What `fetch` finds in the file.
enum FoundEntry<Value: Sendable> {
    case fresh(Value)
    /// Its time is over, and it may be served while it is computed anew; with the computation's row, if there is one.
    case stale(Value, CacheStore.Flight?)
    /// A computation failed, and its failure is stored.
    case failure(CacheError)
    /// A value of another type, of this version.
    case unusable(Int64)
    case none
    /// None, and the computation under way was overtaken.
    case outdated

    var isOutdated: Bool {
        guard case .outdated = self else { return false }
        return true
    }

    var unusable: Int64? {
        guard case .unusable(let version) = self else { return nil }
        return version
    }
}

extension Cache {
    /// One read, counted as a hit or a miss.
    func look<Value: Codable & Sendable>(
        _ entryKey: EntryKey, _ key: String, as type: Value.Type, tags: [String]
    ) throws -> FoundEntry<Value> {
        let sequence = core.memory?.own.sequence(entryKey.hash)
        let (entry, flight) = try core.read(orElse: (nil, nil)) { snapshot in
            let entry = try core.store.row(entryKey, in: snapshot)
            // Only a fresh entry needs no more than that.
            let isFresh = entry.map { ($0.times.expiresAt ?? .max) > core.clock.milliseconds() } ?? false
            return (entry, isFresh ? nil : try core.store.flight(entryKey, in: snapshot))
        }
        let now = core.clock.milliseconds()
        guard let entry, (entry.times.keptUntil ?? .max) > now,
            try entry.tags.isEmpty || core.isValid(entry.tags, since: entry.tagsAt)
        else {
            scope.counters.misses.count()
            return try isOutdated(flight, tags) ? .outdated : .none
        }
        let isFresh = (entry.times.expiresAt ?? .max) > now
        if entry.value.flags.contains(.failure) {
            scope.counters.misses.count()
            return isFresh ? .failure(Computation<Value>.failed(entry.value, key)) : .none
        }
        do {
            let value =
                isFresh
                ? try decoded(entry, entryKey.hash, key, as: type, readAt: sequence)
                : try core.coding.value(entry.value, as: type, key: key)
            scope.counters.diskHits.count()
            core.visited.insert(entry.position)
            return isFresh ? .fresh(value) : .stale(value, flight)
        } catch let error as CacheError where error.code == .undecodable {
            scope.counters.misses.count()
            return .unusable(entry.version)
        }
    }

    /// Whether a computation is under way that something overtook: a call that begins now may not get its result.
    private func isOutdated(_ flight: CacheStore.Flight?, _ tags: [String]) throws -> Bool {
        try core.refreshTags()
        guard let flight, flight.failure == nil else { return false }
        return core.store.isOutdated(flight, for: scope.buckets(tags, core.tags))
    }
}
