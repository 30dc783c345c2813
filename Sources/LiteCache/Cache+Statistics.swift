import LiteDB

extension Cache {
    /// How full the whole cache is, and what happened in it. One read.
    ///
    /// - Throws: `DatabaseError`.
    public func statistics() async throws -> CacheStatistics {
        let (ledger, oldest) = try core.database.read { snapshot in
            (try CacheStore.ledger(in: snapshot), try CacheStore.oldest(in: snapshot))
        }
        return CacheStatistics(
            entryCount: Int(ledger.entryCount), bytes: Int(ledger.bytes),
            maximumBytes: core.configuration.maximumBytes, memoryBytes: core.memory?.bytes ?? 0,
            oldestAge: oldest.map(age),
            activity: core.counters.all.map(core.activity(of:)).reduce(CacheActivity(), +))
    }

    /// The entries of this namespace. Reads all of their rows, on a thread of LiteDB's own.
    ///
    /// - Throws: `DatabaseError`.
    public func namespaceStatistics() async throws -> CacheNamespaceStatistics {
        let (core, prefix, now) = (core, scope.prefix, core.clock.milliseconds())
        try core.tags.refresh()
        let (count, bytes, oldest) = try await core.database.scan { snapshot in
            var (count, bytes, oldest): (Int, Int64, Int64?) = (0, 0, nil)
            for row in try core.store.list(
                from: prefix, before: Scope.end(ofPrefix: prefix), limit: .max, at: now, in: snapshot)
            where row.isLive {
                count += 1
                bytes += row.bytes
                oldest = min(oldest ?? .max, row.storedAt)
            }
            return (count, bytes, oldest)
        }
        return CacheNamespaceStatistics(
            entryCount: count, bytes: Int(bytes), oldestAge: oldest.map(age),
            activity: core.activity(of: scope.counters))
    }

    private func age(since stored: Int64) -> Duration {
        .milliseconds(max(0, core.clock.milliseconds() - stored))
    }
}

extension CacheCore {
    func activity(of set: CounterSet) -> CacheActivity {
        CacheActivity(
            memoryHits: memory?.hits(scope: set.index) ?? 0, diskHits: set.diskHits.now, misses: set.misses.now,
            sets: set.sets.now, evictions: set.evictions.now, expirations: set.expirations.now)
    }
}
