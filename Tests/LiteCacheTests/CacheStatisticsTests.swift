import LiteStackTesting
import Testing

@testable import LiteCache

/// What is counted, and what is not.
@Suite(.timeLimit(.minutes(5))) struct CacheStatisticsTests {
    private struct Failed: Error {}

    private func oneStripe(_ wall: TestWall) -> Cache.Configuration {
        var configuration = Cache.Configuration()
        configuration.now = wall.now
        configuration.memoryStripeCount = 1
        return configuration
    }

    @Test func `a read that memory cannot answer is no hit there`() async throws {
        let wall = TestWall()
        try await withCache(oneStripe(wall)) { cache in
            try await cache.set("over", 1, expiresIn: .seconds(5))
            try await cache.set("tagged", 1, tags: ["tag"])
            try await cache.set("typed", 1)
            wall.advance(by: .seconds(5))
            try await cache.invalidate(tag: "tag")
            #expect(try await cache.get("over", as: Int.self) == nil)
            #expect(try await cache.get("tagged", as: Int.self) == nil)
            _ = try await cache.get("typed", as: Double.self)
            let activity = try await cache.statistics().activity
            #expect(activity.memoryHits == 0)
            #expect(activity.misses == 2)
            #expect(activity.diskHits == 1)
        }
    }

    @Test func `an entry that was overwritten does not pass for the oldest`() async throws {
        let wall = TestWall()
        try await withCache(at: wall) { cache in
            try await cache.set("first", 1)
            wall.advance(by: .seconds(10))
            try await cache.set("second", 2)
            wall.advance(by: .seconds(20))
            try await cache.set("first", 3)
            #expect(try await cache.statistics().oldestAge == .seconds(20))
        }
    }

    @Test func `another lifetime leaves the time that an entry may be served stale`() async throws {
        let wall = TestWall()
        try await withCache(at: wall) { cache in
            _ = try await cache.fetch("key", expiresIn: .seconds(10), staleFor: .seconds(60)) { 1 }
            #expect(try await cache.touch("key", expiresIn: .seconds(20)))
            wall.advance(by: .seconds(79))
            let value = try await cache.fetch("key", expiresIn: .seconds(10), staleFor: .seconds(60)) { 2 }
            #expect(value == 1)
        }
    }

    @Test func `a stored failure is no entry that was deleted`() async throws {
        try await withCache { cache in
            try await cache.set("page 1", 1)
            await #expect(throws: Failed.self) {
                try await cache.fetch("page 2", as: Int.self, failuresExpireIn: .seconds(60)) { throw Failed() }
            }
            #expect(try await cache.delete(prefix: "page") == 1)
        }
    }

    @Test func `namespaces beyond a number are counted together, and their entries stay apart`() async throws {
        let wall = TestWall()
        try await withCache(oneStripe(wall)) { cache in
            for number in 0..<CounterSets.maximumCount { _ = cache.namespace("early \(number)") }
            let (one, two) = (cache.namespace("late 1"), cache.namespace("late 2"))
            #expect(one.scope.index != two.scope.index)
            try await one.set("key", 1)
            try await two.set("key", 2)
            #expect(try await one.get("key") == 1)
            #expect(try await two.get("key") == 2)
            #expect(cache.core.counters.all.count == CounterSets.maximumCount + 1)
            let found = try await two.namespaceStatistics()
            #expect(found.entryCount == 1)
            #expect(found.activity == CacheActivity(memoryHits: 2, sets: 2))
            #expect(try await cache.statistics().activity.memoryHits == 2)
        }
    }
}
