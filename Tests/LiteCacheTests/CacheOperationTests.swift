import LiteCache
import LiteDB
import LiteStackTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct CacheOperationTests {
    @Test func `add stores only where there is nothing, replace only where there is something`() async throws {
        try await withCache { cache in
            try await cache.delete("key")
            #expect(try await !cache.replace("key", 0))
            #expect(try await cache.add("key", 1))
            #expect(try await !cache.add("key", 2))
            #expect(try await cache.get("key") == 1)
            #expect(try await cache.replace("key", 3))
            #expect(try await cache.get("key") == 3)
        }
    }

    @Test func `an expired entry counts as absent for every operation`() async throws {
        let wall = TestWall()
        try await withCache(at: wall) { cache in
            for key in ["add", "replace", "take", "touch", "exists", "count", "swap"] {
                try await cache.set(key, 5, expiresIn: .seconds(1))
            }
            let old = try #require(try await cache.entry("swap", as: Int.self))
            wall.advance(by: .seconds(1))
            #expect(try await cache.add("add", 1))
            #expect(try await !cache.replace("replace", 1))
            #expect(try await cache.take("take", as: Int.self) == nil)
            #expect(try await !cache.touch("touch", expiresIn: .never))
            #expect(try await !cache.exists("exists"))
            #expect(try await cache.increment("count", by: 2) == 2)
            #expect(try await !cache.compareAndSet("swap", 1, version: old.version))
            #expect(try await cache.getMany(["add", "exists"], as: Int.self) == ["add": 1])
            #expect(try await cache.ttl("exists") == nil)
            #expect(try await cache.count() == 2)
        }
    }

    @Test func `of two who compare and set one succeeds`() async throws {
        try await withCache { cache in
            let isFirst = try await cache.compareAndSet("key", 1, version: nil)
            #expect(isFirst)
            #expect(try await !cache.compareAndSet("key", 2, version: nil))
            let seen = try #require(try await cache.entry("key", as: Int.self))
            #expect(seen.value == 1)
            let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 10..<20 {
                    group.addTask { try await cache.compareAndSet("key", number, version: seen.version) }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(winners == 1)
        }
    }

    @Test func `a version never comes back`() async throws {
        try await withCache { cache in
            try await cache.set("key", 1)
            let first = try #require(try await cache.entry("key", as: Int.self))
            try await cache.delete("key")
            try await cache.set("key", 1)
            #expect(try await !cache.compareAndSet("key", 2, version: first.version))
            try await cache.clear()
            try await cache.set("key", 1)
            #expect(try await !cache.compareAndSet("key", 2, version: first.version))
        }
    }

    @Test func `of many who take a value one gets it`() async throws {
        try await withCache { cache in
            try await cache.set("ticket", "seat 7")
            let taken = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<20 { group.addTask { try await cache.take("ticket") } }
                var all: [String] = []
                for try await value in group { if let value { all.append(value) } }
                return all
            }
            #expect(taken == ["seat 7"])
            #expect(try await !cache.exists("ticket"))
        }
    }

    @Test func `many are stored, read and deleted together`() async throws {
        try await withCache { cache in
            let values = Dictionary(uniqueKeysWithValues: (0..<700).map { (number: Int) in ("key \(number)", number) })
            try await cache.setMany(values)
            let found = try await cache.getMany(Array(values.keys) + ["missing"], as: Int.self)
            #expect(found == values)
            #expect(try await cache.deleteMany(["key 1", "key 2", "missing"]) == 2)
            #expect(try await cache.count() == 698)
        }
    }

    @Test func `a lifetime can be asked for, changed and taken away`() async throws {
        let wall = TestWall()
        try await withCache(at: wall) { cache in
            try await cache.set("key", 1, expiresIn: .seconds(10))
            wall.advance(by: .milliseconds(2_500))
            #expect(try await cache.ttl("key") == .milliseconds(7_500))
            #expect(try await cache.touch("key", expiresIn: .seconds(60)))
            #expect(try await cache.ttl("key") == .seconds(60))
            #expect(try await cache.persist("key"))
            #expect(try await cache.ttl("key") == .never)
            wall.advance(by: .seconds(1_000_000_000))
            #expect(try await cache.get("key") == 1)
        }
    }

    @Test func `a shortened lifetime counts for the copy in memory`() async throws {
        let wall = TestWall()
        try await withCache(at: wall) { cache in
            try await cache.set("key", 1, expiresIn: .never)
            #expect(try await cache.get("key") == 1)
            try await cache.touch("key", expiresIn: .seconds(1))
            #expect(try await cache.get("key") == 1)
            wall.advance(by: .seconds(1))
            #expect(try await cache.get("key", as: Int.self) == nil)
        }
    }

    @Test func `jitter shortens lifetimes and never makes them longer`() async throws {
        let wall = TestWall()
        var configuration = Cache.Configuration()
        configuration.now = wall.now
        configuration.jitter = 0.5
        configuration.random = { .max }
        try await withCache(configuration) { cache in
            try await cache.set("key", 1, expiresIn: .seconds(10))
            #expect(try await cache.ttl("key") == .milliseconds(5_001))
        }
    }

    @Test func `keys are listed and deleted by their beginning, live ones only, in order`() async throws {
        let wall = TestWall()
        try await withCache(at: wall) { cache in
            var wanted: [String] = []
            for number in 1_000..<2_205 {
                try await cache.set("user:\(number)", number)
                wanted.append("user:\(number)")
            }
            try await cache.set("user", 0)
            try await cache.set("user;", 0)
            try await cache.set("user:1003", 0, expiresIn: .seconds(1))
            try await cache.namespace("other").set("user:9", 9)
            wall.advance(by: .seconds(1))
            wanted.removeAll { $0 == "user:1003" }
            var found: [String] = []
            for try await key in cache.keys(prefix: "user:") { found.append(key) }
            #expect(found == wanted)
            #expect(try await cache.delete(prefix: "user:") == wanted.count)
            #expect(try await cache.count() == 2)
            #expect(try await cache.namespace("other").count() == 1)
        }
    }

    @Test(arguments: ["é", "a\u{7F}", "\u{D7FF}", "\u{10FFFF}", ""])
    func `any prefix finds its keys and no others`(prefix: String) async throws {
        try await withCache { cache in
            for end in ["", "x", "\u{10FFFF}"] { try await cache.set(prefix + end, 1) }
            try await cache.set("\u{1}", 1)
            var found: Set<String> = []
            for try await key in cache.keys(prefix: prefix) { found.insert(key) }
            #expect(found == Set(["", "x", "\u{10FFFF}"].map { prefix + $0 } + (prefix.isEmpty ? ["\u{1}"] : [])))
        }
    }
}
