import Foundation
import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCache

@Suite(.timeLimit(.minutes(5))) struct CacheUpkeepTests {
    @Test func `what is over is swept, and counted`() async throws {
        let wall = TestWall()
        try await withCache(at: wall) { cache in
            for number in 0..<200 { try await cache.set("brief \(number)", number, expiresIn: .seconds(16)) }
            try await cache.namespace("pages").set("brief", 1, expiresIn: .seconds(16))
            try await cache.set("kept", 1)
            wall.advance(by: .seconds(20))
            try await cache.maintain()
            let statistics = try await cache.statistics()
            #expect(statistics.entryCount == 1)
            #expect(statistics.activity.expirations == 201)
            let pages = try await cache.namespace("pages").namespaceStatistics()
            #expect(pages.activity.expirations == 1 && pages.entryCount == 0)
        }
    }

    @Test func `the file shrinks again when the cache is cleared`() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            let cache = try await Cache.open(at: path)
            for number in 0..<400 { try await cache.set("key \(number)", [UInt8](repeating: 1, count: 20_000)) }
            let full = try pageCount(cache)
            try await cache.clear()
            let empty = try pageCount(cache)
            #expect(full > 1_900)
            #expect(empty < 600)
            await cache.close()
        }
    }

    private func pageCount(_ cache: Cache) throws -> Int {
        try cache.core.database.read { try $0.first("PRAGMA page_count", as: Int.self) ?? 0 }
    }

    @Test func `what another process has read is spared by the eviction once it was noted`() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            var small = configuration(maximumBytes: 40_000)
            small.memoryBytes = 0
            let (one, two) = (
                try await Cache.open(at: path, configuration: small),
                try await Cache.open(at: path, configuration: small)
            )
            try await one.set("read", [UInt8](repeating: 1, count: 300))
            for number in 0..<60 { try await one.set("key \(number)", [UInt8](repeating: 1, count: 300)) }
            #expect(try await two.get("read", as: [UInt8].self) != nil)
            try await two.maintain()
            for number in 60..<120 { try await one.set("key \(number)", [UInt8](repeating: 1, count: 300)) }
            #expect(try await one.exists("read"))
            #expect(try await one.statistics().activity.evictions > 10)
            await one.close()
            await two.close()
        }
    }

    @Test func `statistics tell hits, misses, sets and the oldest entry, by namespace`() async throws {
        let wall = TestWall()
        var configuration = Cache.Configuration()
        configuration.now = wall.now
        configuration.memoryStripeCount = 1
        try await withCache(configuration) { cache in
            let pages = cache.namespace("pages")
            try await pages.set("one", 1)
            wall.advance(by: .seconds(30))
            try await pages.set("two", 2)
            try await cache.set("three", 3)
            _ = try await pages.get("one", as: Int.self)
            _ = try await pages.get("none", as: Int.self)
            let found = try await pages.namespaceStatistics()
            #expect(found.entryCount == 2)
            #expect(found.oldestAge == .seconds(30))
            #expect(found.activity == CacheActivity(memoryHits: 1, misses: 1, sets: 2))
            let all = try await cache.statistics()
            #expect(all.activity.sets == 3 && all.entryCount == 3 && all.oldestAge == .seconds(30))
        }
    }

    @Test func `compression keeps values and makes them smaller, and what does not pay is left`() async throws {
        var configuration = Cache.Configuration()
        configuration.compressesValues = true
        configuration.memoryBytes = 0
        try await withCache(configuration) { cache in
            let text = [UInt8](String(repeating: "A wall of drawings. ", count: 500).utf8)
            var generator = SystemRandomNumberGenerator()
            let noise = (0..<5_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
            try await cache.set("text", text)
            try await cache.set("noise", noise)
            try await cache.set("list", Array(repeating: "drawing", count: 500))
            #expect(try await cache.get("text") == text)
            #expect(try await cache.get("noise") == noise)
            #expect(try await cache.get("list") == Array(repeating: "drawing", count: 500))
            #expect(try await cache.statistics().bytes < 7_000)
        }
    }

    @Test func `bytes that are no compressed value are told as undecodable`() {
        let broken: [[UInt8]] = [
            [], [1, 2, 3], [UInt8](repeating: 255, count: 20), [0, 4, 0, 0, 0, 0, 0, 0, 1, 2, 3],
        ]
        for bytes in broken {
            #expect(throws: Compression.Damaged.self) { try Compression.expand(bytes) }
        }
    }
}
