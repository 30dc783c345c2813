import Foundation
import LiteCache

/// `cache.hitratio.…`: the eviction against FIFO and LRU on the same trace, with room for a tenth of the keys.
enum HitRatioRows {
    static let zipf = Benchmark(name: "cache.hitratio.zipf") { plan in
        try await rows(plan, "cache.hitratio.zipf", scanShare: 0)
    }

    static let scan = Benchmark(name: "cache.hitratio.scan") { plan in
        try await rows(plan, "cache.hitratio.scan", scanShare: 5)
    }

    private static let value = [UInt8](repeating: 1, count: 200)

    private static func rows(_ plan: Plan, _ name: String, scanShare: Int) async throws -> [ResultRow] {
        let keyCount = plan.isQuick ? 2_000 : 20_000
        let trace = trace(keyCount: keyCount, length: keyCount * 15, scanShare: scanShare)
        let capacity = keyCount / 10
        let ours = try await hitRatio(plan, trace, capacity: capacity)
        let lru = HitRatioModel(capacity: capacity, movesOnHit: true).ratio(trace)
        let fifo = HitRatioModel(capacity: capacity, movesOnHit: false).ratio(trace)
        let text =
            "\(trace.count) requests, Zipf 0.99 over \(keyCount) keys"
            + (scanShare > 0 ? ", each fifth one of a scan over keys that come once" : "")
            + ", budget for \(capacity) entries; a miss is set"
        return [("", lru, "LRU"), (".fifo", fifo, "FIFO")].map { suffix, model, policy in
            var row = ResultRow(
                name + suffix, unit: "of the requests", better: .higher, goal: 1,
                Comparison(pairs: [(ours: ours, baseline: model)]), against: "\(policy), simulated on the same trace",
                text: text)
            row.isStrict = true
            return row
        }
    }

    private static func hitRatio(_ plan: Plan, _ trace: [Int], capacity: Int) async throws -> Double {
        // As the cache counts an entry: the value, twice the key with its separator, 100 bytes.
        let entryBytes = value.count + 2 * (key(0).utf8.count + 1) + 100
        let cache = try await FilledCache.open(
            try plan.newPath("cache.sqlite3"), memoryBytes: 0, maximumBytes: capacity * entryBytes)
        var hits = 0
        for number in trace {
            let key = key(number)
            if try await cache.get(key, as: [UInt8].self) != nil {
                hits += 1
            } else {
                try await cache.set(key, value)
            }
        }
        await cache.close()
        return Double(hits) / Double(trace.count)
    }

    private static func key(_ number: Int) -> String { "key:" + String(10_000_000 + number).dropFirst() }

    /// Keys by their popularity; those of the scan lie behind all others.
    private static func trace(keyCount: Int, length: Int, scanShare: Int) -> [Int] {
        var random = RandomNumbers(seed: 99)
        var sum = 0.0
        let cumulated = (1...keyCount).map { rank -> Double in
            sum += pow(Double(rank), -0.99)
            return sum
        }
        var scanned = keyCount
        return (0..<length).map { number in
            if scanShare > 0, number % scanShare == 0 {
                scanned += 1
                return scanned
            }
            let wanted = Double.random(in: 0..<sum, using: &random)
            var (low, high) = (0, keyCount - 1)
            while low < high {
                let middle = (low + high) / 2
                if cumulated[middle] < wanted { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }
}

/// FIFO, or LRU: what is hit moves to the end of the queue.
struct HitRatioModel {
    let capacity: Int
    let movesOnHit: Bool

    func ratio(_ trace: [Int]) -> Double {
        // The queue may hold a key several times; its last place counts.
        var queue: [(key: Int, place: Int)] = []
        var places: [Int: Int] = [:]
        var (head, hits) = (0, 0)
        for (now, key) in trace.enumerated() {
            if places[key] != nil {
                hits += 1
                guard movesOnHit else { continue }
            } else {
                while places.count >= capacity {
                    let oldest = queue[head]
                    head += 1
                    if places[oldest.key] == oldest.place { places[oldest.key] = nil }
                }
            }
            places[key] = now
            queue.append((key, now))
        }
        return Double(hits) / Double(trace.count)
    }
}
