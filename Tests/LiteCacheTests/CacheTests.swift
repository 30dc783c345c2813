import Foundation
import LiteCache
import LiteDB
import LiteStackTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct CacheTests {
    struct Page: Codable, Equatable {
        var title: String
        var links: [URL]
    }

    @Test func `a value of any type comes back`() async throws {
        try await withCache { cache in
            let page = Page(title: "Gallery", links: [URL(filePath: "/a")])
            try await cache.set("page", page)
            try await cache.set("text", "Grüße")
            try await cache.set("bytes", [UInt8]([0, 255]))
            try await cache.set("data", Data([1, 2]))
            try await cache.set("number", 7)
            try await cache.set("empty", [UInt8]())
            #expect(try await cache.get("page") == page)
            #expect(try await cache.get("text") == "Grüße")
            #expect(try await cache.get("bytes") == [UInt8]([0, 255]))
            #expect(try await cache.get("data") == Data([1, 2]))
            #expect(try await cache.get("number") == 7)
            #expect(try await cache.get("empty") == [UInt8]())
            #expect(try await cache.get("missing", as: Int.self) == nil)
        }
    }

    @Test func `empty arrays and optionals come back out of the file as what they were`() async throws {
        var configuration = Cache.Configuration()
        configuration.memoryBytes = 0
        try await withCache(configuration) { cache in
            try await cache.set("pages", [Page]())
            try await cache.set("numbers", [Int]())
            try await cache.set("text", "yes" as String?)
            try await cache.set("number", 7 as Int?)
            try await cache.set("real", 0.1)
            try await cache.set("single", Float(0.5))
            #expect(try await cache.get("pages") == [Page]())
            #expect(try await cache.get("numbers") == [Int]())
            #expect(try await cache.get("text", as: String?.self) == "yes")
            #expect(try await cache.get("number", as: Int?.self) == 7)
            #expect(try await cache.get("real") == 0.1)
            #expect(try await cache.get("single") == Float(0.5))
        }
    }

    @Test func `the later of two values stays`() async throws {
        try await withCache { cache in
            try await cache.set("key", 1)
            try await cache.set("key", 2)
            #expect(try await cache.get("key") == 2)
            #expect(try await cache.statistics().entryCount == 1)
        }
    }

    @Test func `a deleted value is gone, and deleting says whether there was one`() async throws {
        try await withCache { cache in
            try await cache.set("key", 1)
            #expect(try await cache.delete("key"))
            #expect(try await cache.get("key", as: Int.self) == nil)
            #expect(try await !cache.delete("key"))
            #expect(try await cache.statistics().bytes == 0)
        }
    }

    @Test func `clearing removes everything`() async throws {
        try await withCache { cache in
            for number in 0..<20 { try await cache.set("key \(number)", number) }
            try await cache.clear()
            let statistics = try await cache.statistics()
            #expect(statistics.entryCount == 0)
            #expect(statistics.bytes == 0)
            try await cache.set("key", 1)
            #expect(try await cache.get("key") == 1)
        }
    }

    @Test func `an entry lives until, and not at, its time`() async throws {
        let wall = TestWall()
        var configuration = Cache.Configuration()
        configuration.now = wall.now
        try await withCache(configuration) { cache in
            try await cache.set("key", 1, expiresIn: .milliseconds(500))
            wall.advance(by: .milliseconds(499))
            #expect(try await cache.get("key") == 1)
            wall.advance(by: .milliseconds(1))
            #expect(try await cache.get("key", as: Int.self) == nil)
            #expect(try await !cache.delete("key"))
            try await cache.set("past", 1, expiresIn: .after(.zero))
            #expect(try await cache.get("past", as: Int.self) == nil)
        }
    }

    @Test func `an entry without a time of its own has the configuration's`() async throws {
        let wall = TestWall()
        var configuration = Cache.Configuration()
        configuration.now = wall.now
        configuration.defaultLifetime = .seconds(10)
        try await withCache(configuration) { cache in
            try await cache.set("default", 1)
            try await cache.set("for ever", 2, expiresIn: .after(.seconds(Int64.max)))
            wall.advance(by: .seconds(10))
            #expect(try await cache.get("default", as: Int.self) == nil)
            wall.advance(by: .seconds(1_000_000_000))
            #expect(try await cache.get("for ever") == 2)
        }
    }

    @Test func `an expired entry does not come back when the clock is set back a little`() async throws {
        let wall = TestWall()
        var configuration = Cache.Configuration()
        configuration.now = wall.now
        try await withCache(configuration) { cache in
            try await cache.set("key", 1, expiresIn: .seconds(1))
            wall.advance(by: .seconds(1))
            #expect(try await cache.get("key", as: Int.self) == nil)
            wall.advance(by: .seconds(-60))
            #expect(try await cache.get("key", as: Int.self) == nil)
        }
    }

    @Test func `the budget is never exceeded after a set, and what was read stays longest`() async throws {
        try await withCache(configuration(maximumBytes: 20_000)) { cache in
            try await cache.set("read often", [UInt8](repeating: 1, count: 400))
            for number in 0..<400 {
                try await cache.set("key \(number)", [UInt8](repeating: 2, count: 100 + number % 700))
                #expect(try await cache.get("read often", as: [UInt8].self)?.count == 400)
                let statistics = try await cache.statistics()
                #expect(statistics.bytes <= statistics.maximumBytes)
            }
            // The last one stays, the first ones had to go.
            #expect(try await cache.get("key 399", as: [UInt8].self) != nil)
            #expect(try await cache.get("key 0", as: [UInt8].self) == nil)
        }
    }

    @Test func `replacing a value with a larger one keeps to the budget`() async throws {
        try await withCache(configuration(maximumBytes: 4_000)) { cache in
            for number in 0..<9 { try await cache.set("key \(number)", [UInt8](repeating: 1, count: 300)) }
            try await cache.set("key 4", [UInt8](repeating: 2, count: 880))
            let statistics = try await cache.statistics()
            #expect(statistics.bytes <= 4_000)
            #expect(try await cache.get("key 4", as: [UInt8].self)?.count == 880)
        }
    }

    @Test func `expired entries make room before live ones do`() async throws {
        let wall = TestWall()
        var configuration = configuration(maximumBytes: 10_000)
        configuration.now = wall.now
        try await withCache(configuration) { cache in
            try await cache.set("live", [UInt8](repeating: 1, count: 1_000))
            for number in 0..<7 {
                try await cache.set("brief \(number)", [UInt8](repeating: 1, count: 1_000), expiresIn: .seconds(1))
            }
            wall.advance(by: .seconds(2))
            try await cache.set("new", [UInt8](repeating: 1, count: 2_000))
            #expect(try await cache.get("live", as: [UInt8].self) != nil)
            #expect(try await cache.get("new", as: [UInt8].self) != nil)
        }
    }

    @Test func `the ledger agrees with the entries`() async throws {
        try await withTemporaryDatabase { database in
            let cache = try await Cache(database, configuration: configuration(maximumBytes: 8_000))
            var generator = SystemRandomNumberGenerator()
            for _ in 0..<300 {
                let key = "key \(Int.random(in: 0..<40, using: &generator))"
                if Int.random(in: 0..<5, using: &generator) == 0 {
                    try await cache.delete(key)
                } else {
                    try await cache.set(key, [UInt8](repeating: 0, count: Int.random(in: 0..<600, using: &generator)))
                }
            }
            let sums = try database.read { snapshot in
                try snapshot.first("SELECT coalesce(sum(bytes), 0), count(*) FROM lite_cache_entries") { row in
                    [try row.get(0, as: Int.self), try row.get(1, as: Int.self)]
                }
            }
            let statistics = try await cache.statistics()
            #expect(sums == [statistics.bytes, statistics.entryCount])
        }
    }

    @Test func `an entry of more than a quarter of the budget is refused and changes nothing`() async throws {
        try await withCache(configuration(maximumBytes: 4_000)) { cache in
            try await cache.set("key", 1)
            await #expect { try await cache.set("key", [UInt8](repeating: 1, count: 1_000)) } throws: {
                ($0 as? CacheError)?.code == .tooLarge
            }
            #expect(try await cache.get("key") == 1)
        }
    }

    @Test func `a value that was stored as another type is told`() async throws {
        try await withCache { cache in
            try await cache.set("number", 7)
            try await cache.set("text", "seven")
            await #expect { try await cache.get("number", as: Page.self) } throws: {
                ($0 as? CacheError)?.code == .undecodable
            }
            await #expect { try await cache.get("text", as: Int.self) } throws: {
                ($0 as? CacheError)?.code == .undecodable
            }
            await #expect { try await cache.get("number", as: [UInt8].self) } throws: {
                ($0 as? CacheError)?.code == .undecodable
            }
        }
    }

    @Test func `a value that JSON cannot hold is refused`() async throws {
        try await withCache { cache in
            await #expect { try await cache.set("key", [Double.infinity]) } throws: {
                ($0 as? CacheError)?.code == .unencodable
            }
        }
    }

    @Test func `entries are there after the file was closed and opened`() async throws {
        try await withTemporaryDirectory { folder in
            let first = try await Cache.open(at: folder + "/cache.sqlite3")
            try await first.set("key", 1)
            await first.close()
            let second = try await Cache.open(at: folder + "/cache.sqlite3")
            #expect(try await second.get("key") == 1)
            await second.close()
        }
    }

    @Test func `a cache that an earlier run of the machine left is empty`() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            let first = try await Cache.open(at: path)
            try await first.set("key", 1)
            await first.close()
            let database = try await Database.open(at: path)
            try await database.execute("UPDATE lite_cache_file SET boot_id = 'an earlier one'")
            await database.close()
            let second = try await Cache.open(at: path)
            #expect(try await second.get("key", as: Int.self) == nil)
            #expect(try await second.statistics().entryCount == 0)
            try await second.set("key", 2)
            await second.close()
            let third = try await Cache.open(at: path)
            #expect(try await third.get("key") == 2)
            await third.close()
        }
    }
}
