import CBenchSQLite
import LiteCache

/// `cache.l1.coherence`: another process writes more than 5,000 times a second while this one reads out of memory.
enum CoherenceRows {
    static let writtenCount = 100
    static let untouchedCount = 10_000

    static func written(_ index: Int) -> String { "written:\(index)" }

    static let benchmark = Benchmark(name: "cache.l1.coherence") { plan in
        let path = try plan.newPath("cache.sqlite3")
        let cache = try await FilledCache.open(path)
        let untouched = (0..<untouchedCount).map { "untouched:\($0)" }
        for key in untouched { try await cache.set(key, 7) }
        for index in 0..<writtenCount { try await cache.set(written(index), 0) }
        let committed = try SharedCounters(path: path + ".committed", count: writtenCount)
        let writer = try Child("cache-writer", path)
        guard try writer.line() == "writing" else { throw WrongResult() }
        let readCount = plan.isQuick ? 200_000 : 10_000_000
        let stale = try await staleReads(of: readCount, cache, committed)
        let before = try await cache.statistics().activity
        for number in 0..<readCount / 10 { try await read(untouched[number &* 31 % untouched.count], cache) }
        let after = try await cache.statistics().activity
        try writer.tell("stop")
        let rate = try writer.answer(Double.self)
        try writer.finish()
        await cache.close()
        guard plan.isQuick || rate >= 5_000 else {
            throw ChildError(message: "the writer reached only \(rate) a second; 5,000 are asked for")
        }
        let hits = Double(after.memoryHits - before.memoryHits) / Double(readCount / 10)
        let setting = "another process sets 100 keys in turn, \(Int(rate)) sets a second"
        return [
            ResultRow(
                "cache.l1.coherence", unit: "stale reads", better: .lower, goal: 0, ours: Double(stale),
                text: "\(readCount) reads of keys that are being written, each checked against what the writer had "
                    + "committed when the read began; \(setting)"),
            ResultRow(
                "cache.l1.coherence.hits", unit: "of the reads", better: .higher, goal: 0.95, ours: hits,
                text: "\(readCount / 10) reads of 10,000 untouched keys answered from memory; \(setting)"),
        ]
    }

    /// Reads written keys only: an untouched one cannot be stale.
    private static func staleReads(of count: Int, _ cache: Cache, _ committed: SharedCounters) async throws -> Int {
        let keys = (0..<writtenCount).map(written)
        var stale = 0
        for number in 0..<count {
            let index = number % writtenCount
            let floor = committed.load(index)
            guard let found = try await cache.get(keys[index], as: Int.self) else { throw WrongResult() }
            if found < floor { stale += 1 }
        }
        return stale
    }

    private static func read(_ key: String, _ cache: Cache) async throws {
        guard try await cache.get(key, as: Int.self) == 7 else { throw WrongResult() }
    }
}
