import CoreMetrics
import Synchronization

/// What was emitted last, since counters are told what came on top.
final class CacheMetrics: Sendable {
    private let emitted = Mutex<[String: CacheActivity]>([:])

    func emit(_ activities: [(String, CacheActivity)], _ statistics: CacheStatistics) {
        for (name, activity) in activities {
            let before = emitted.withLock { emitted in
                defer { emitted[name] = activity }
                return emitted[name] ?? CacheActivity()
            }
            let namespace = ("namespace", name)
            count("hits", [namespace, ("layer", "memory")], activity.memoryHits - before.memoryHits)
            count("hits", [namespace, ("layer", "disk")], activity.diskHits - before.diskHits)
            count("misses", [namespace], activity.misses - before.misses)
            count("sets", [namespace], activity.sets - before.sets)
            count("evictions", [namespace], activity.evictions - before.evictions)
            count("expirations", [namespace], activity.expirations - before.expirations)
        }
        Gauge(label: "litestack.cache.bytes").record(statistics.bytes)
        Gauge(label: "litestack.cache.entries").record(statistics.entryCount)
        if let age = statistics.oldestAge {
            Gauge(label: "litestack.cache.oldest_age_seconds").record(age / .seconds(1))
        }
    }

    private func count(_ name: String, _ dimensions: [(String, String)], _ count: Int) {
        guard count > 0 else { return }
        Counter(label: "litestack.cache.\(name)", dimensions: dimensions).increment(by: count)
    }
}
