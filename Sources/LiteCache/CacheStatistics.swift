/// How full a cache is.
public struct CacheStatistics: Sendable, Hashable {
    /// Entries, those that have expired and were not removed yet included.
    public let entryCount: Int
    /// Their bytes, keys and rows included, as they count against the budget.
    public let bytes: Int
    /// The budget.
    public let maximumBytes: Int
}
