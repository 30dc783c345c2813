/// How full a cache is, and what happened in it.
public struct CacheStatistics: Sendable, Hashable {
    /// Entries in the file, those that are over and were not removed yet included.
    public let entryCount: Int
    /// Their bytes, keys and rows included, as they count against the budget.
    public let bytes: Int
    /// The budget.
    public let maximumBytes: Int
    /// The bytes of the layer in this process's memory.
    public let memoryBytes: Int
    /// How long ago the oldest entry was stored, at least; nil if there is none. One that was overwritten keeps its place in
    /// the order of the eviction, so the 64 are looked at that came first. That of a namespace is exact.
    public let oldestAge: Duration?
    /// What happened in this process, all namespaces together.
    public let activity: CacheActivity
}

/// What happened to entries in this process, since the cache was opened.
public struct CacheActivity: Sendable, Hashable {
    /// Reads answered from memory.
    public var memoryHits = 0
    /// Reads answered from the file.
    public var diskHits = 0
    /// Reads that found nothing.
    public var misses = 0
    /// Values stored, counters included.
    public var sets = 0
    /// Entries that this process removed to make room.
    public var evictions = 0
    /// Entries that this process removed because their time was over.
    public var expirations = 0

    static func + (left: CacheActivity, right: CacheActivity) -> CacheActivity {
        CacheActivity(
            memoryHits: left.memoryHits + right.memoryHits, diskHits: left.diskHits + right.diskHits,
            misses: left.misses + right.misses, sets: left.sets + right.sets,
            evictions: left.evictions + right.evictions, expirations: left.expirations + right.expirations)
    }
}

/// The entries of one namespace, and what happened to them in this process.
public struct CacheNamespaceStatistics: Sendable, Hashable {
    /// Live entries.
    public let entryCount: Int
    /// Their bytes, as they count against the budget.
    public let bytes: Int
    /// How long ago the oldest of them was stored; nil if there is none.
    public let oldestAge: Duration?
    /// What happened in this process.
    public let activity: CacheActivity
}
