import LiteDB

extension Cache {
    /// How full the whole cache is, and what happened in it. One read. All zero where the file is damaged.
    ///
    /// - Throws: `DatabaseError`.
    public func statistics() async throws -> CacheStatistics {
        let (ledger, oldest) = try core.read(orElse: (.empty, nil)) { snapshot in
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
    /// What happened to them is counted for the first 1,024 namespaces that this process uses; all others share one count.
    ///
    /// - Throws: `DatabaseError`.
    public func namespaceStatistics() async throws -> CacheNamespaceStatistics {
        let (core, prefix, now) = (core, scope.prefix, core.clock.milliseconds())
        try core.refreshTags()
        let sum = try await core.scan(orElse: CacheStore.Sum()) { snapshot in
            try core.store.sum(from: prefix, before: Scope.end(ofPrefix: prefix), at: now, in: snapshot)
        }
        return CacheNamespaceStatistics(
            entryCount: sum.count, bytes: Int(sum.bytes), oldestAge: sum.oldest.map(age),
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
