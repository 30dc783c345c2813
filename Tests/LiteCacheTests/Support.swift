import Foundation
import LiteDB
import LiteStackTesting
import Logging
import Synchronization

@testable import LiteCache

/// A time of day that stands where the test has put it.
final class TestWall: Sendable {
    private let milliseconds = Atomic<Int>(1_800_000_000_000)

    var now: @Sendable () -> Date {
        { Date(timeIntervalSince1970: Double(self.milliseconds.load(ordering: .relaxed)) / 1000) }
    }

    func advance(by duration: Duration) {
        milliseconds.add(Int(duration / .milliseconds(1)), ordering: .relaxed)
    }
}

/// Runs `body` with a cache in a file of its own.
@discardableResult
func withCache<T>(_ configuration: Cache.Configuration = .init(), _ body: (Cache) async throws -> T) async throws -> T {
    try await withTemporaryDirectory { folder in
        let cache = try await Cache.open(at: folder + "/cache.sqlite3", configuration: configuration)
        do {
            let value = try await body(cache)
            await cache.close()
            return value
        } catch {
            await cache.close()
            throw error
        }
    }
}

/// A cache with this many bytes.
func configuration(maximumBytes: Int) -> Cache.Configuration {
    var configuration = Cache.Configuration()
    configuration.maximumBytes = maximumBytes
    return configuration
}

/// Runs `body` with a cache whose time stands where the test has put it.
@discardableResult
func withCache<T>(at wall: TestWall, _ body: (Cache) async throws -> T) async throws -> T {
    var configuration = Cache.Configuration()
    configuration.now = wall.now
    return try await withCache(configuration, body)
}

extension Cache {
    /// Bytes and number of entries, by the ledger and as they stand in the file, and how many have a place in the order.
    func sums() async throws -> (ledger: [Int64], entries: [Int64], placeCount: Int64) {
        try core.database.read { snapshot in
            let ledger = try CacheStore.ledger(in: snapshot)
            let entries = try snapshot.first("SELECT coalesce(sum(bytes), 0), count(*) FROM lite_cache_entries") {
                row in
                [try row.integer(0), try row.integer(1)]
            }
            let places = try snapshot.first(
                "SELECT count(*) FROM lite_cache_order JOIN lite_cache_entries USING (hash)"
            ) {
                try $0.integer(0)
            }
            return ([ledger.bytes, ledger.entryCount], entries ?? [], places ?? 0)
        }
    }
}

extension RecordingLog {
    /// The cache's own warnings, and those that tell of a damaged file. Others of LiteDB can come at any time on a busy
    /// machine: that a write was slow, say.
    var warningCount: Int {
        entries.count { $0.level >= .warning && ($0.source == "LiteCache" || $0.message.contains("damaged")) }
    }
}
