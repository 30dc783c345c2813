import LiteCache
import LiteStackTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct CacheCounterTests {
    @Test func `a counter begins at zero, keeps its lifetime, and begins anew when that is over`() async throws {
        let wall = TestWall()
        try await withCache(at: wall) { cache in
            #expect(try await cache.increment("key", expiresIn: .seconds(10)) == 1)
            wall.advance(by: .seconds(6))
            #expect(try await cache.increment("key", by: 4, expiresIn: .seconds(10)) == 5)
            #expect(try await cache.get("key") == 5)
            #expect(try await cache.ttl("key") == .seconds(4))
            wall.advance(by: .seconds(4))
            #expect(try await cache.increment("key", by: 3, expiresIn: .seconds(10)) == 3)
            let lower = try await cache.decrement("key", by: 5)
            #expect(lower == -2)
        }
    }

    @Test func `increments of many callers are all counted`() async throws {
        try await withCache { cache in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<40 {
                    group.addTask {
                        for _ in 0..<25 { try await cache.increment(task % 2 == 0 ? "even" : "odd") }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await cache.get("even") == 500)
            #expect(try await cache.get("odd") == 500)
        }
    }

    @Test func `a sum that does not fit is refused and changes nothing`() async throws {
        try await withCache { cache in
            try await cache.set("key", Int64.max - 1)
            #expect(try await cache.increment("key") == .max)
            await #expect(throws: CacheError.self) { try await cache.increment("key") }
            await #expect { try await cache.decrement("key", by: .min) } throws: {
                ($0 as? CacheError)?.code == .overflow
            }
            #expect(try await cache.get("key") == Int64.max)
            try await cache.set("real", Double.greatestFiniteMagnitude)
            await #expect(throws: CacheError.self) {
                try await cache.increment("real", by: Double.greatestFiniteMagnitude)
            }
        }
    }

    @Test func `reals are counted too, and text is not`() async throws {
        try await withCache { cache in
            #expect(try await cache.increment("real", by: 0.5) == 0.5)
            #expect(try await cache.decrement("real", by: 0.25) == 0.25)
            #expect(try await cache.increment("whole") == 1)
            #expect(try await cache.increment("whole", by: 0.5) == 1.5)
            await #expect(throws: CacheError.self) { try await cache.increment("whole", by: 1) }
            #expect(try await cache.get("whole") == 1.5)
            try await cache.set("text", "7")
            await #expect { try await cache.increment("text") } throws: {
                ($0 as? CacheError)?.code == .undecodable
            }
            #expect(try await cache.get("text") == "7")
        }
    }
}
