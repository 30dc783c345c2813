import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCache

/// The eviction against FIFO and LRU on the same requests, with room for a tenth of the keys.
@Suite(.timeLimit(.minutes(5))) struct CacheEvictionTests {
    private static let keyCount = 500
    private static let capacity = 50
    private let value = [UInt8](repeating: 1, count: 200)

    /// Few keys are asked for often, many seldom; of a scan each fifth request is for a key that comes once.
    private func trace(scans: Bool) -> [Int] {
        var random: UInt64 = 17
        let weights = (1...Self.keyCount).map { 1 / Double($0) }
        let sum = weights.reduce(0, +)
        return (0..<6_000).map { number in
            if scans, number % 5 == 0 { return Self.keyCount + number }
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var left = Double(random >> 11) / Double(1 << 53) * sum
            return weights.firstIndex { weight in
                left -= weight
                return left < 0
            } ?? 0
        }
    }

    private func hits(_ trace: [Int], movesOnHit: Bool) -> Int {
        var (queue, hits) = ([Int](), 0)
        for key in trace {
            if let place = queue.firstIndex(of: key) {
                hits += 1
                if movesOnHit { queue.append(queue.remove(at: place)) }
            } else {
                queue.append(key)
                if queue.count > Self.capacity { queue.removeFirst() }
            }
        }
        return hits
    }

    @Test(arguments: [false, true])
    func `more is found again than with FIFO or LRU`(scans: Bool) async throws {
        let trace = trace(scans: scans)
        func key(_ number: Int) -> String { String(10_000 + number) }
        let entryBytes = CacheStore.bytes(of: StoredValue(.blob(value)), key: "\u{1F}" + key(0))
        var small = configuration(maximumBytes: Int(entryBytes) * Self.capacity)
        small.memoryBytes = 0
        try await withCache(small) { cache in
            var found = 0
            for number in trace {
                if try await cache.exists(key(number)) {
                    found += 1
                } else {
                    try await cache.set(key(number), value)
                }
            }
            #expect(found > hits(trace, movesOnHit: true))
            #expect(found > hits(trace, movesOnHit: false))
        }
    }
}
