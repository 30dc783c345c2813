extension Benchmark {
    /// The suite `cache`.
    static let cache: [Benchmark] = [
        MemoryHitRows.plain,
        MemoryHitRows.codable,
        MemoryHitRows.twoThreads,
        DiskHitRow.benchmark,
        CacheSetRows.one,
        CacheSetRows.hot,
        CacheSetRows.random,
        CacheManyRows.set,
        CacheManyRows.get,
        IncrementRow.benchmark,
        CoherenceRows.benchmark,
        HitRatioRows.zipf,
        HitRatioRows.scan,
        FlightRows.benchmark,
        LargeValueRows.tenKilobytes,
        LargeValueRows.oneMegabyte,
        ManyEntriesRows.benchmark,
    ]
}
