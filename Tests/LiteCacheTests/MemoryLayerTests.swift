import LiteDB
import LiteStackTesting
import Synchronization
import Testing

@testable import LiteCache

@Suite(.timeLimit(.minutes(5))) struct MemoryLayerTests {
    /// All threads share it, so that what is in memory can be told.
    private var oneStripe: Cache.Configuration {
        var configuration = Cache.Configuration()
        configuration.memoryStripeCount = 1
        return configuration
    }

    /// Two caches on one file, each with a memory of its own, as two processes have.
    private func withTwo(stripes: Int = 1, _ body: (Cache, Cache) async throws -> Void) async throws {
        var configuration = Cache.Configuration()
        configuration.memoryStripeCount = stripes
        try await withTemporaryDirectory { folder in
            let (one, two) = (
                try await Cache.open(at: folder + "/cache.sqlite3", configuration: configuration),
                try await Cache.open(at: folder + "/cache.sqlite3", configuration: configuration)
            )
            try await body(one, two)
            await one.close()
            await two.close()
        }
    }

    @Test func `a second read is answered from memory, and so is the first after a set`() async throws {
        try await withTwo { one, two in
            try await one.set("key", [1, 2])
            _ = try await one.get("key", as: [Int].self)
            _ = try await two.get("key", as: [Int].self)
            _ = try await two.get("key", as: [Int].self)
            let (first, second) = (try await one.statistics().activity, try await two.statistics().activity)
            #expect(first.memoryHits == 1 && first.diskHits == 0)
            #expect(second.memoryHits == 1 && second.diskHits == 1)
        }
    }

    @Test func `what one changes the other sees at its next read, and untouched entries stay in memory`() async throws {
        try await withTwo { one, two in
            try await one.set("kept", "kept")
            try await one.set("key", 0)
            _ = try await two.get("kept", as: String.self)
            for number in 1..<50 {
                try await one.set("key", number)
                #expect(try await two.get("key") == number)
                #expect(try await two.get("kept") == "kept")
            }
            try await one.delete("key")
            #expect(try await two.get("key", as: Int.self) == nil)
            #expect(try await two.statistics().activity.memoryHits == 49)
        }
    }

    @Test func `a copy that is too far behind is emptied, and clearing empties every copy`() async throws {
        try await withTwo { one, two in
            try await one.set("key", 1)
            try await one.set("other", 1)
            #expect(try await two.get("key") == 1)
            #expect(try await two.get("other") == 1)
            let hash = Int64(5)
            try await one.core.database.write { transaction in
                try one.core.store.withLedger(in: transaction) { ledger, _ in
                    for _ in 0..<CacheStore.keptChangeCount * 2 { _ = ledger.next(for: hash) }
                }
            }
            try await one.set("key", 2)
            #expect(try await two.get("key") == 2)
            #expect(try await two.get("other") == 1)
            try await one.clear()
            #expect(try await two.get("key", as: Int.self) == nil)
        }
    }

    @Test func `reading as another type is no hit in memory`() async throws {
        try await withTwo { one, _ in
            try await one.set("key", 7)
            #expect(try await one.get("key", as: Int.self) == 7)
            #expect(try await one.get("key", as: Double.self) == 7.0)
            await #expect(throws: CacheError.self) { try await one.get("key", as: String.self) }
            #expect(try await one.get("key", as: Int.self) == 7)
        }
    }

    @Test func `memory keeps to its bytes`() async throws {
        var configuration = oneStripe
        configuration.memoryBytes = 160_000
        try await withCache(configuration) { cache in
            for number in 0..<2_000 { try await cache.set("key \(number)", [UInt8](repeating: 1, count: 300)) }
            let statistics = try await cache.statistics()
            #expect(statistics.memoryBytes <= 160_000 && statistics.memoryBytes > 80_000)
            #expect(try await cache.get("key 3", as: [UInt8].self)?.count == 300)
        }
    }

    /// What a reader read before a change must not come into memory after the change was worked in.
    @Test func `a value read before a change is not kept after it`() async throws {
        try await withTwo { one, two in
            try await one.set("key", 1)
            let key = one.scope.entryKey("key")
            let memory = try #require(two.core.memory).own
            let before = memory.sequence(key.hash)
            let old = try #require(try two.core.database.read { try two.core.store.row(key, in: $0) })
            try await one.set("key", 2)
            _ = try await two.get("something else", as: Int.self)
            _ = try two.decoded(old, key.hash, "key", as: Int.self, readAt: before)
            #expect(try await two.get("key") == 2)
        }
    }

    private final class Progress: Sendable {
        let committed = Atomic<Int>(0)
    }

    @Test(arguments: [(0, 1), (1, 1), (2, 2), (3, 4), (5, 8), (64, 64), (1_000, 64)])
    func `stripes are a power of two`(wanted: Int, count: Int) {
        var configuration = Cache.Configuration()
        configuration.memoryStripeCount = wanted
        #expect(configuration.wholeStripeCount == count)
    }

    /// A writer counts up; before each read the reader notes what was committed, and must not find less.
    @Test(arguments: [1, 2, 4])
    func `no reader ever finds less than what was committed when it began`(stripes: Int) async throws {
        try await withTwo(stripes: stripes) { one, two in
            let progress = Progress()
            try await one.set("key", 0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for number in 1...2_000 {
                        try await one.set("key", number)
                        progress.committed.store(number, ordering: .sequentiallyConsistent)
                    }
                }
                for _ in 0..<3 {
                    group.addTask {
                        while progress.committed.load(ordering: .sequentiallyConsistent) < 2_000 {
                            let floor = progress.committed.load(ordering: .sequentiallyConsistent)
                            let found = try await two.get("key", as: Int.self) ?? -1
                            #expect(found >= floor)
                            await Task.yield()
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
