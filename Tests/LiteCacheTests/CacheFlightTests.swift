import LiteCache
import LiteStackTesting
import Synchronization
import Testing

/// What becomes of a computation when things happen meanwhile.
@Suite(.timeLimit(.minutes(5))) struct CacheFlightTests {
    private struct Failed: Error {}

    enum Meanwhile: CaseIterable, Sendable {
        case deleted, taken, prefixDeleted, cleared, invalidated, namespaceCleared, set

        func happen(to cache: Cache) async throws {
            switch self {
            case .deleted: try await cache.delete("key")
            case .taken: _ = try await cache.take("key", as: Int.self)
            case .prefixDeleted: try await cache.delete(prefix: "ke")
            case .cleared: try await cache.clear()
            case .invalidated: try await cache.invalidate(tag: "tag")
            case .namespaceCleared: try await cache.clear(namespace: "space")
            case .set: try await cache.set("key", 2)
            }
        }
    }

    @Test(arguments: Meanwhile.allCases)
    func `a result that was overtaken reaches who waits and is not stored`(meanwhile: Meanwhile) async throws {
        let (started, mayEnd) = (TestSignal(), TestSignal())
        try await withCache { whole in
            let cache = meanwhile == .namespaceCleared ? whole.namespace("space") : whole
            async let value = cache.fetch("key", tags: ["tag"]) {
                started.send()
                try await mayEnd.wait()
                return 1
            }
            try await started.wait()
            try await meanwhile.happen(to: cache)
            mayEnd.send()
            #expect(try await value == 1)
            let stored = try await cache.get("key", as: Int.self)
            #expect(stored == (meanwhile == .set ? 2 : nil))
        }
    }

    @Test(arguments: [Meanwhile.deleted, .cleared, .invalidated, .namespaceCleared])
    func `a call after the change does not get the older result`(meanwhile: Meanwhile) async throws {
        let (started, mayEnd) = (TestSignal(), TestSignal())
        try await withCache { whole in
            let cache = meanwhile == .namespaceCleared ? whole.namespace("space") : whole
            let older = Task {
                try await cache.fetch("key", tags: ["tag"]) {
                    started.send()
                    try await mayEnd.wait()
                    return 1
                }
            }
            try await started.wait()
            try await meanwhile.happen(to: cache)
            let newer = try await cache.fetch("key", tags: ["tag"]) { 2 }
            #expect(newer == 2)
            mayEnd.send()
            #expect(try await older.value == 1)
            #expect(try await cache.get("key") == 2)
        }
    }

    @Test func `calls that find nothing to change overtake nothing`() async throws {
        let (started, mayEnd) = (TestSignal(), TestSignal())
        try await withCache { cache in
            try await cache.set("key", 0)
            let old = try #require(try await cache.entry("key", as: Int.self)).version
            try await cache.delete("key")
            async let value = cache.fetch("key") {
                started.send()
                try await mayEnd.wait()
                return 1
            }
            try await started.wait()
            #expect(try await !cache.touch("key"))
            #expect(try await !cache.persist("key"))
            #expect(try await !cache.replace("key", 2))
            #expect(try await !cache.compareAndSet("key", 2, version: old))
            mayEnd.send()
            #expect(try await value == 1)
            #expect(try await cache.get("key", as: Int.self) == 1)
        }
    }

    @Test func `a stale value is served at once while one computation refreshes it`() async throws {
        let wall = TestWall()
        let (started, mayEnd, stored) = (TestSignal(), TestSignal(), TestSignal())
        try await withCache(at: wall) { cache in
            _ = try await cache.fetch("key", expiresIn: .seconds(10), staleFor: .seconds(60)) { 1 }
            wall.advance(by: .seconds(10))
            #expect(try await cache.get("key", as: Int.self) == nil)
            for _ in 0..<5 {
                let value = try await cache.fetch("key", expiresIn: .seconds(10), staleFor: .seconds(60)) {
                    started.send()
                    try await mayEnd.wait()
                    defer { stored.send() }
                    return 2
                }
                #expect(value == 1)
            }
            try await started.wait()
            mayEnd.send()
            try await stored.wait()
            try await eventually { try await cache.get("key", as: Int.self) == 2 }
            #expect(started.count == 1)
        }
    }

    @Test func `past its stale time a value is computed before it is returned`() async throws {
        let wall = TestWall()
        try await withCache(at: wall) { cache in
            _ = try await cache.fetch("key", expiresIn: .seconds(10), staleFor: .seconds(60)) { 1 }
            wall.advance(by: .seconds(70))
            let value = try await cache.fetch("key", expiresIn: .seconds(10), staleFor: .seconds(60)) { 2 }
            #expect(value == 2)
        }
    }

    @Test func `an invalidated value is not served stale`() async throws {
        let wall = TestWall()
        try await withCache(at: wall) { cache in
            _ = try await cache.fetch("key", expiresIn: .seconds(10), staleFor: .seconds(60), tags: ["a"]) { 1 }
            wall.advance(by: .seconds(20))
            try await cache.invalidate(tag: "a")
            let value = try await cache.fetch("key", expiresIn: .seconds(10), staleFor: .seconds(60), tags: ["a"]) { 2 }
            #expect(value == 2)
        }
    }

    @Test func `a computation that takes too long costs its own caller, and the next takes over`() async throws {
        var configuration = Cache.Configuration()
        configuration.computationTimeout = .milliseconds(100)
        let started = TestSignal()
        try await withCache(configuration) { cache in
            let slow = Task {
                try await cache.fetch("key", as: Int.self) {
                    started.send()
                    // Heeds no cancellation.
                    await withUnsafeContinuation { continuation in
                        Task {
                            try? await TestSignal().wait(within: .seconds(2))  // it ends by time alone
                            continuation.resume()
                        }
                    }
                    return 1
                }
            }
            try await started.wait()
            let patient = Task { try await cache.fetch("key") { 2 } }
            await #expect { try await slow.value } throws: { ($0 as? CacheError)?.code == .timedOut }
            #expect(try await patient.value == 2)
            #expect(try await cache.get("key") == 2)
        }
    }

    @Test func `a failure is stored for as long as was asked for`() async throws {
        let wall = TestWall()
        try await withCache(at: wall) { cache in
            await #expect(throws: Failed.self) {
                try await cache.fetch("key", as: Int.self, failuresExpireIn: .seconds(5)) { throw Failed() }
            }
            await #expect { try await cache.fetch("key") { 1 } } throws: {
                ($0 as? CacheError)?.code == .computationFailed
            }
            #expect(try await cache.get("key", as: Int.self) == nil)
            #expect(try await cache.count() == 0)
            wall.advance(by: .seconds(5))
            let value = try await cache.fetch("key") { 1 }
            #expect(value == 1)
        }
    }

    @Test func `an optional value reaches who waits in another handle`() async throws {
        let (started, mayEnd) = (TestSignal(), TestSignal())
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            let (one, two) = (try await Cache.open(at: path), try await Cache.open(at: path))
            async let first = one.fetch("key", as: String?.self) {
                started.send()
                try await mayEnd.wait()
                return "found"
            }
            try await started.wait()
            async let second = two.fetch("key", as: String?.self) { "other" }
            mayEnd.send()
            let values = try await [first, second]
            #expect(values == ["found", "found"])
            await one.close()
            await two.close()
        }
    }

    @Test func `a value of another type that another handle computed meanwhile counts as none`() async throws {
        let (started, mayEnd) = (TestSignal(), TestSignal())
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            let (one, two) = (try await Cache.open(at: path), try await Cache.open(at: path))
            async let first = one.fetch("key") {
                started.send()
                try await mayEnd.wait()
                return "text"
            }
            try await started.wait()
            async let second = two.fetch("key") { [1, 2] }
            mayEnd.send()
            #expect(try await first == "text")
            #expect(try await second == [1, 2])
            await one.close()
            await two.close()
        }
    }

    @Test func `two handles on one file compute once`() async throws {
        let (started, mayEnd) = (TestSignal(), TestSignal())
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            let (one, two) = (try await Cache.open(at: path), try await Cache.open(at: path))
            async let first = one.fetch("key") {
                started.send()
                try await mayEnd.wait()
                return 1
            }
            try await started.wait()
            async let second = two.fetch("key") { 2 }
            mayEnd.send()
            let values = try await [first, second]
            #expect(values == [1, 1])
            await one.close()
            await two.close()
        }
    }
}
