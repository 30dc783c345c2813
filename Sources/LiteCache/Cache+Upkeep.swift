import LiteDB
import Logging

extension Cache {
    /// Does what ``maintain()`` does each second, until the task is cancelled. `Stack` runs it.
    ///
    /// Nothing that is promised depends on it: without it entries that are over go when their room is needed, the file
    /// shrinks when the cache is cleared, and no metrics are emitted. Errors are logged, and the next round tries again.
    public func run() async {
        while !Task.isCancelled {
            // Cancelled: the loop ends.
            try? await Task.sleep(for: .seconds(1))
            guard !Task.isCancelled else { return }
            do {
                try await maintain()
            } catch {
                core.logger.warning("The cache's upkeep failed, and is tried again", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Removes what is over, gives pages back to the file system, tells the eviction of other processes what was read
    /// here, and emits metrics. In small transactions, so that others can write between them.
    ///
    /// Metrics, by swift-metrics, with the dimension `namespace`: counters `litestack.cache.hits` (with the dimension
    /// `layer`: `memory` or `disk`), `litestack.cache.misses`, `litestack.cache.sets`, `litestack.cache.evictions` and
    /// `litestack.cache.expirations`, which grow by what happened in this process since the last time; gauges of the whole
    /// cache `litestack.cache.bytes`, `litestack.cache.entries` and `litestack.cache.oldest_age_seconds`.
    ///
    /// - Throws: `DatabaseError`.
    public func maintain() async throws {
        if !core.isDegraded {
            do {
                try await sweep()
                try await shrink()
                try await noteReads()
            } catch let error as CacheError where error.code == .degraded {
                // It has been said, and the numbers are still of use.
            }
        }
        core.metrics.emit(
            core.counters.all.map { ($0.name, core.activity(of: $0)) }, try await statistics())
    }

    private func sweep() async throws {
        let (store, clock) = (core.store, core.clock)
        let now = clock.milliseconds()
        let hasOld = try core.read(orElse: false) { snapshot in
            try store.hasUpkeep(at: now, in: snapshot)
        }
        guard hasOld else { return }
        while true {
            let (count, departures) = try await core.write { transaction in
                try store.removeOldFlights(at: now, in: transaction)
                return try store.withLedger(in: transaction) { ledger, transaction in
                    let count = try store.removeExpired(at: now, from: &ledger, in: transaction)
                    return (count, ledger.departures)
                }
            }
            core.counters.add(departures)
            if count < CacheStore.batchCount { return }
            try Task.checkCancellation()
        }
    }

    /// Gives free pages back, some hundred in a transaction, while they are more than an eighth of the file.
    func shrink() async throws {
        while try await core.write({ transaction in
            try CacheStore.shrink(pageCount: 500, in: transaction)
        }) {
            try Task.checkCancellation()
        }
    }

    private func noteReads() async throws {
        let store = core.store
        let (positions, tagsAt) = (core.visited.takeAll(), try core.refreshTags())
        guard !positions.isEmpty else { return }
        try await core.write { transaction in
            try store.mark(positions, in: transaction)
            try store.noteTags(at: tagsAt, in: transaction)
        }
    }
}
