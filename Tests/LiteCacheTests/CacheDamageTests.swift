import Foundation
import LiteStackTesting
import Testing

@testable import LiteCache
@testable import LiteDB

/// A file that turns out damaged while it is open.
@Suite(.timeLimit(.minutes(5))) struct CacheDamageTests {
    private struct Case {
        let cache: Cache
        let log: RecordingLog
        let folder: String
    }

    /// A cache with an entry in memory too, and a file that says it is damaged whenever it is read: its log is empty.
    private func withDamage(_ body: (Case) async throws -> Void) async throws {
        try await withTemporaryDirectory { folder in
            let log = RecordingLog()
            let cache = try await Cache.open(at: folder + "/cache.sqlite3", logger: log.logger)
            try await cache.set("key", 1)
            try await cache.core.database.write { transaction in
                try transaction.execute("DELETE FROM lite_cache_log")
            }
            try await body(Case(cache: cache, log: log, folder: folder))
            await cache.close()
        }
    }

    private func isDegraded(_ error: any Error) -> Bool { (error as? CacheError)?.code == .degraded }

    @Test func `a write that finds the damage says so, and then reads find nothing and nobody is told again`()
        async throws
    {
        try await withDamage { it in
            let cache = it.cache
            await #expect { try await cache.set("key", 2) } throws: { isDegraded($0) }
            #expect(cache.isDegraded)
            #expect(try await cache.get("key", as: Int.self) == nil)
            #expect(try await cache.exists("key") == false)
            #expect(try await cache.ttl("key") == nil)
            #expect(try await cache.getMany(["key"], as: Int.self).isEmpty)
            #expect(try await cache.count() == 0)
            #expect(try await cache.statistics().entryCount == 0)
            #expect(try await cache.namespaceStatistics().entryCount == 0)
            for _ in 1...2 {
                let value = try await cache.fetch("key", tags: ["tag"]) { 7 }
                #expect(value == 7)
            }
            #expect(try await cache.get("key", as: Int.self) == nil)
            await #expect { try await cache.setMany(["key": 2]) } throws: { isDegraded($0) }
            await #expect { try await cache.increment("count") } throws: { isDegraded($0) }
            await #expect { try await cache.delete("key") } throws: { isDegraded($0) }
            await #expect { try await cache.delete(prefix: "k") } throws: { isDegraded($0) }
            await #expect { try await cache.invalidate(tag: "tag") } throws: { isDegraded($0) }
            await #expect { try await cache.clear() } throws: { isDegraded($0) }
            try await cache.maintain()
            #expect(it.log.warningCount == 1)
        }
    }

    @Test func `the next open sets the file aside and begins anew`() async throws {
        try await withDamage { it in
            await #expect { try await it.cache.set("key", 2) } throws: { isDegraded($0) }
            await it.cache.close()
            let anew = try await Cache.open(at: it.folder + "/cache.sqlite3")
            #expect(!anew.isDegraded)
            try await anew.set("key", 3)
            #expect(try await anew.get("key") == 3)
            await anew.close()
            let names = try FileManager.default.contentsOfDirectory(atPath: it.folder)
            #expect(names.count { $0.hasPrefix("cache.sqlite3.damaged-") && !$0.hasSuffix("-shm") } >= 1)
        }
    }

    @Test func `a value is computed although the damage shows only when it is stored`() async throws {
        try await withDamage { it in
            let value = try await it.cache.fetch("other") { 7 }
            #expect(value == 7)
            #expect(it.cache.isDegraded)
        }
    }

    @Test func `pages that are noise end no read with an error`() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            let first = try await Cache.open(at: path)
            for number in 0..<2_000 { try await first.set("key \(number)", [UInt8](repeating: 1, count: 500)) }
            await first.close()
            let log = RecordingLog()
            let cache = try await Cache.open(at: path, logger: log.logger)
            // By another descriptor of another process: closing one here would drop this process's locks.
            let size = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
            try await withChildProcess(
                "/bin/dd",
                arguments: [
                    "if=/dev/urandom", "of=\(path)", "bs=4096", "seek=20", "count=\(size / 4096 - 20)", "conv=notrunc",
                ]
            ) { try await $0.waitForExit() }
            for number in 0..<2_000 { _ = try await cache.get("key \(number)", as: [UInt8].self) }
            #expect(cache.isDegraded)
            #expect(log.warningCount == 1)
            let value = try await cache.fetch("key 1") { 7 }
            #expect(value == 7)
            await cache.close()
        }
    }

    @Test func `a file that was removed counts as one that is damaged`() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            let cache = try await Cache.open(at: path)
            try await cache.set("key", 1)
            try FileManager.default.removeItem(atPath: path)
            try await eventually("it is noticed") {
                _ = try await cache.get("key", as: Int.self)
                return cache.isDegraded
            }
            #expect(try await cache.get("key", as: Int.self) == nil)
            let value = try await cache.fetch("key") { 7 }
            #expect(value == 7)
            await cache.close()
        }
    }

    @Test func `damage in an application's file that holds the cache too is thrown`() async throws {
        try await withTemporaryDirectory { folder in
            let database = try await Database.open(at: folder + "/app.sqlite3")
            let cache = try await Cache(database)
            try await database.execute("DELETE FROM lite_cache_log")
            await #expect { try await cache.set("key", 1) } throws: { ($0 as? DatabaseError)?.code == .damaged }
            #expect(!cache.isDegraded)
            await database.close()
        }
    }
}
