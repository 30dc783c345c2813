import LiteCache
import LiteDB
import LiteStackTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct CacheTagTests {
    /// A cache in a file of its own, and the application's database with its tags.
    private func withBoth(_ body: (Cache, Database, _ path: String) async throws -> Void) async throws {
        try await withTemporaryDirectory { folder in
            let database = try await Database.open(at: folder + "/app.sqlite3")
            try await database.execute("CREATE TABLE pictures (title TEXT) STRICT")
            let cache = try await Cache.open(at: folder + "/cache.sqlite3", tagsIn: database)
            try await body(cache, database, folder + "/cache.sqlite3")
            await cache.close()
            await database.close()
        }
    }

    @Test func `an invalidated tag ends its entries, in memory and in the file, and no others`() async throws {
        try await withBoth { cache, _, _ in
            try await cache.set("one", 1, tags: ["a", "b"])
            try await cache.set("two", 2, tags: ["b"])
            try await cache.set("three", 3)
            #expect(try await cache.get("one") == 1)
            try await cache.invalidate(tag: "a")
            #expect(try await cache.get("one", as: Int.self) == nil)
            #expect(try await cache.get("two") == 2)
            try await cache.invalidate(tag: "b")
            #expect(try await cache.get("two", as: Int.self) == nil)
            #expect(try await cache.get("three") == 3)
            try await cache.set("one", 4, tags: ["a"])
            #expect(try await cache.get("one") == 4)
        }
    }

    @Test func `an invalidation commits with the data it speaks of, or rolls back with it`() async throws {
        struct Undone: Error {}
        try await withBoth { cache, database, _ in
            try await cache.set("wall", 1, tags: ["pictures"])
            await #expect(throws: Undone.self) {
                try await database.write { transaction in
                    try transaction.execute("INSERT INTO pictures (title) VALUES ('lost')")
                    try cache.invalidate(tag: "pictures", in: transaction)
                    throw Undone()
                }
            }
            #expect(try await cache.get("wall") == 1)
            try await database.write { transaction in
                try transaction.execute("INSERT INTO pictures (title) VALUES ('kept')")
                try cache.invalidate(tag: "pictures", in: transaction)
            }
            #expect(try await cache.get("wall", as: Int.self) == nil)
        }
    }

    @Test func `a transaction of another file is refused`() async throws {
        try await withBoth { cache, _, _ in
            try await withTemporaryDatabase { other in
                do {
                    try await other.write { try cache.invalidate(tag: "a", in: $0) }
                    Issue.record("it was accepted")
                } catch let error as CacheError {
                    #expect(error.code == .wrongDatabase)
                }
            }
        }
    }

    @Test func `another handle on the same files sees an invalidation at once`() async throws {
        try await withBoth { cache, database, path in
            let other = try await Cache.open(at: path, tagsIn: database)
            try await cache.set("key", 1, tags: ["a"])
            #expect(try await other.get("key") == 1)
            #expect(try await other.get("key") == 1)
            try await cache.invalidate(tag: "a")
            #expect(try await other.get("key", as: Int.self) == nil)
            await other.close()
        }
    }

    @Test func `namespaces keep their entries apart and are cleared by themselves`() async throws {
        try await withBoth { cache, database, _ in
            let (pages, users) = (cache.namespace("pages"), cache.namespace("users"))
            try await cache.set("key", 0)
            try await pages.set("key", 1)
            try await users.set("key", 2)
            #expect(try await cache.get("key") == 0)
            #expect(try await pages.get("key") == 1)
            #expect(try await users.get("key") == 2)
            try await pages.clear()
            #expect(try await pages.get("key", as: Int.self) == nil)
            #expect(try await users.get("key") == 2)
            try await database.write { try cache.clear(namespace: "users", in: $0) }
            #expect(try await users.get("key", as: Int.self) == nil)
            #expect(try await cache.get("key") == 0)
            try await pages.set("key", 3)
            try await cache.clear()
            #expect(try await pages.get("key", as: Int.self) == nil)
            #expect(try await cache.get("key", as: Int.self) == nil)
        }
    }

    @Test func `an invalidated entry counts as absent for every operation`() async throws {
        try await withBoth { cache, _, _ in
            for key in ["add", "replace", "take", "touch"] { try await cache.set(key, 5, tags: ["a"]) }
            let counters = cache.namespace("counters")
            try await counters.increment("count", by: 5)
            try await cache.invalidate(tag: "a")
            try await counters.clear()
            #expect(try await cache.add("add", 1))
            #expect(try await !cache.replace("replace", 1))
            #expect(try await cache.take("take", as: Int.self) == nil)
            #expect(try await !cache.touch("touch"))
            #expect(try await !cache.delete("replace"))
            #expect(try await counters.increment("count") == 1)
            #expect(try await cache.count() == 1)
        }
    }

    @Test func `a cache whose tags are in another file than before starts empty`() async throws {
        try await withBoth { cache, _, path in
            try await cache.set("key", 1)
            await cache.close()
            try await withTemporaryDatabase { other in
                let again = try await Cache.open(at: path, tagsIn: other)
                #expect(try await again.get("key", as: Int.self) == nil)
                await again.close()
            }
        }
    }

    @Test func `entries stay valid when the files are opened again`() async throws {
        try await withBoth { cache, database, path in
            try await cache.invalidate(tag: "a")
            try await cache.set("key", 1, tags: ["a"])
            try await cache.set("gone", 1, tags: ["b"])
            await cache.close()
            let again = try await Cache.open(at: path, tagsIn: database)
            #expect(try await again.get("key") == 1)
            try await again.invalidate(tag: "b")
            #expect(try await again.get("gone", as: Int.self) == nil)
            await again.close()
        }
    }
}
