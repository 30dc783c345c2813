import CLiteStackFaults
import Foundation
import LiteCache
import LiteDB
import LiteStackTesting
import Testing

/// What happens to the file: damage, a full disk, another release.
@Suite(.timeLimit(.minutes(5))) struct CacheFileTests {
    @Test func `a damaged file is set aside with one warning, and the cache begins anew`() async throws {
        try await withTemporaryDirectory { folder in
            let log = RecordingLog()
            let path = folder + "/cache.sqlite3"
            try Data(repeating: 0x5A, count: 20_000).write(to: URL(filePath: path))
            let cache = try await Cache.open(at: path, logger: log.logger)
            try await cache.set("key", 1)
            #expect(try await cache.get("key") == 1)
            #expect(!cache.isDegraded)
            await cache.close()
            #expect(log.warningCount == 1)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names.count { $0.hasPrefix("cache.sqlite3.damaged-") } == 1)
        }
    }

    @Test func `on a full disk reads go on and writes say so, and later all is well`() async throws {
        try await withTemporaryDirectory { folder in
            let cache = try await Cache.open(at: folder + "/full.sqlite3")
            try await cache.set("key", 1)
            let fault = litestack_fault_arm(
                Int32(LITESTACK_FAULT_PWRITE.rawValue), "full.sqlite3-wal", 0, .max, ENOSPC)
            try #require(fault >= 0)
            await #expect { try await cache.set("other", 2) } throws: {
                ($0 as? DatabaseError)?.code == .diskFull
            }
            #expect(try await cache.get("key") == 1)
            #expect(try await cache.exists("key"))
            let value = try await cache.fetch("computed") { 3 }
            #expect(value == 3)
            #expect(litestack_fault_disarm(fault) > 0)
            try await cache.set("other", 2)
            #expect(try await cache.get("other") == 2)
            await cache.close()
        }
    }

    @Test(arguments: [(version: 9, oldestUsable: 2, opens: true), (version: 9, oldestUsable: 9, opens: false)])
    func `a newer release's file is used as long as it says that this one can`(
        version: Int, oldestUsable: Int, opens: Bool
    ) async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            let first = try await Cache.open(at: path)
            try await first.set("key", 1)
            await first.close()
            let database = try await Database.open(at: path)
            try await database.execute(
                "UPDATE lite_schemas SET version = \(version), oldest_usable = \(oldestUsable) WHERE component = 'cache'"
            )
            await database.close()
            if opens {
                let second = try await Cache.open(at: path)
                #expect(!second.isDegraded)
                #expect(try await second.get("key") == 1)
                await second.close()
            } else {
                let degraded = try await Cache.open(at: path)
                #expect(degraded.isDegraded)
                #expect(try await degraded.get("key", as: Int.self) == nil)
                await degraded.close()
            }
        }
    }
}
