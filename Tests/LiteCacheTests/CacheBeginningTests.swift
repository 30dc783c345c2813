import LiteStackTesting
import Testing

@testable import LiteCache

/// Values that take a while to be made outside of `fetch`.
@Suite(.timeLimit(.minutes(5))) struct CacheBeginningTests {
    @Test func `what was invalidated since its beginning is not valid, whatever the entry before it depended on`()
        async throws
    {
        try await withCache { cache in
            try await cache.set("key", 1)
            let first = try #require(try await cache.entry("key", as: Int.self)).version
            let early = try cache.beginning(tags: ["tag"])
            try await cache.invalidate(tag: "tag")
            let made = Cache.Made(value: 2, expiresIn: .never)
            _ = try await cache.compareAndSet("key", made, version: first, since: early)
            #expect(try await cache.get("key", as: Int.self) == nil)

            try await cache.set("key", 3)
            let second = try #require(try await cache.entry("key", as: Int.self)).version
            let late = try cache.beginning(tags: ["tag"])
            #expect(try await cache.compareAndSet("key", made, version: second, since: late))
            #expect(try await cache.get("key", as: Int.self) == 2)
            try await cache.invalidate(tag: "tag")
            #expect(try await cache.get("key", as: Int.self) == nil)
        }
    }

    @Test func `nothing is stored over an entry that was changed, or is gone`() async throws {
        try await withCache { cache in
            try await cache.set("key", 1)
            let version = try #require(try await cache.entry("key", as: Int.self)).version
            let beginning = try cache.beginning(tags: [])
            let made = Cache.Made(value: 2, expiresIn: .never)
            try await cache.set("key", 3)
            #expect(try await !cache.compareAndSet("key", made, version: version, since: beginning))
            #expect(try await cache.get("key", as: Int.self) == 3)
            try await cache.delete("key")
            #expect(try await !cache.compareAndSet("key", made, version: version, since: beginning))
            #expect(try await cache.get("key", as: Int.self) == nil)
        }
    }
}
