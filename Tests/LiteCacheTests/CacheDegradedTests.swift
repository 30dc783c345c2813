import Foundation
import LiteStackTesting
import Testing

@testable import LiteCache
@testable import LiteDB

/// A file that cannot be used, and is not to be touched.
@Suite(.timeLimit(.minutes(5))) struct CacheDegradedTests {
    /// The first page says what the file is, the others are noise.
    private func spoil(_ path: String) throws {
        let size = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.seek(toOffset: 4096)
        try file.write(contentsOf: Data(repeating: 0xA5, count: size - 4096))
        try file.close()
    }

    private func withSpoiltFile(_ body: (_ folder: String, _ path: String) async throws -> Void) async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            let cache = try await Cache.open(at: path)
            try await cache.set("key", 1)
            await cache.close()
            try spoil(path)
            try await body(folder, path)
        }
    }

    private func isDegraded(_ error: any Error) -> Bool { (error as? CacheError)?.code == .degraded }

    @Test func `damage that the cache's own tables show is mended by the open that finds it`() async throws {
        try await withSpoiltFile { folder, path in
            let cache = try await Cache.open(at: path)
            #expect(!cache.isDegraded)
            try await cache.set("key", 2)
            #expect(try await cache.get("key") == 2)
            await cache.close()
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names.count { $0.hasPrefix("cache.sqlite3.damaged-") && !$0.hasSuffix("-shm") } == 1)
        }
    }

    @Test func `beside another who has the damaged file open the cache works without, and says so once`() async throws {
        try await withSpoiltFile { folder, path in
            let before = try Data(contentsOf: URL(filePath: path))
            let other = OpenLock(directory: folder + "/run", name: "cache.sqlite3")
            try other.take(timeout: .seconds(1))
            let log = RecordingLog()
            let cache = try await Cache.open(at: path, logger: log.logger)
            #expect(cache.isDegraded)
            #expect(try await cache.get("key", as: Int.self) == nil)
            for _ in 1...2 {
                let value = try await cache.fetch("key") { 7 }
                #expect(value == 7)
            }
            #expect(try await cache.get("key", as: Int.self) == nil)
            await #expect { try await cache.set("key", 2) } throws: { isDegraded($0) }
            await #expect { try await cache.setMany(["key": 2]) } throws: { isDegraded($0) }
            await #expect { try await cache.increment("count") } throws: { isDegraded($0) }
            await #expect { try await cache.delete("key") } throws: { isDegraded($0) }
            await #expect { try await cache.delete(prefix: "k") } throws: { isDegraded($0) }
            await #expect { try await cache.clear() } throws: { isDegraded($0) }
            await #expect { try await cache.namespace("space").clear() } throws: { isDegraded($0) }
            await #expect { try await cache.invalidate(tag: "tag") } throws: { isDegraded($0) }
            try await cache.maintain()
            #expect(log.warningCount == 1)
            let own = (cache.core.database.path as NSString).deletingLastPathComponent
            #expect(FileManager.default.fileExists(atPath: own))
            await cache.close()
            #expect(!FileManager.default.fileExists(atPath: own))
            // Opening counts in the header, and no more.
            #expect(try Data(contentsOf: URL(filePath: path)).dropFirst(100) == before.dropFirst(100))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).allSatisfy { !$0.contains(".damaged-") })
            other.release()
            let mended = try await Cache.open(at: path)
            #expect(!mended.isDegraded)
            await mended.close()
        }
    }

    @Test func `the callers of a degraded cache share a computation`() async throws {
        try await withSpoiltFile { folder, path in
            let other = OpenLock(directory: folder + "/run", name: "cache.sqlite3")
            try other.take(timeout: .seconds(1))
            let cache = try await Cache.open(at: path)
            let (started, mayEnd) = (TestSignal(), TestSignal())
            let compute: @Sendable () async throws -> Int = {
                started.send()
                try await mayEnd.wait()
                return 7
            }
            async let first = cache.fetch("key", compute: compute)
            async let second = cache.fetch("key", compute: compute)
            try await eventually("both wait") { cache.core.flights.waiterCount == 2 }
            mayEnd.send()
            #expect(try await [first, second] == [7, 7])
            #expect(started.count == 1)
            await cache.close()
            other.release()
        }
    }

    @Test func `who waits for a value of another type computes one of its own`() async throws {
        try await withCache { cache in
            let mayEnd = TestSignal()
            async let first = cache.fetch("key") {
                try await mayEnd.wait()
                return "text"
            }
            try await eventually("it waits") { cache.core.flights.waiterCount == 1 }
            async let second = cache.fetch("key") { [1, 2] }
            try await eventually("both wait") { cache.core.flights.waiterCount == 2 }
            mayEnd.send()
            #expect(try await first == "text")
            #expect(try await second == [1, 2])
            #expect(try await cache.get("key") == [1, 2])
        }
    }
}
