import LiteStackTesting
import Testing

@testable import LiteCache
@testable import LiteDB

@Suite(.timeLimit(.minutes(5))) struct ChangeQueueTests {
    /// A cache in a durable file, whose changes wait for the writer's thread.
    private func withCache(
        busyTimeout: Duration = .seconds(30), maximumBytes: Int = 128 << 20,
        _ body: (Cache, Database) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { folder in
            var configuration = Database.Configuration()
            configuration.busyTimeout = busyTimeout
            let database = try await Database.open(at: folder + "/cache.sqlite3", configuration: configuration)
            try await body(
                try await Cache(database, configuration: LiteCacheTests.configuration(maximumBytes: maximumBytes)),
                database)
            await database.close()
        }
    }

    /// Holds the writer while `body` runs.
    private func whileHeld(_ database: Database, _ body: () async throws -> Void) async throws {
        let (entered, door) = (TestSignal(), TestSignal())
        let holding = Task {
            // Not a write, which others would join, and end.
            try await database.exclusive(timeout: .seconds(30)) { _ in
                entered.send()
                try door.waitBlocking(within: .seconds(50))
            }
        }
        try await entered.wait()
        do {
            try await body()
        } catch {
            door.send()
            _ = await holding.result
            throw error
        }
        door.send()
        try await holding.value
    }

    /// Starts a change of the cache, and returns once it waits.
    private func queue<T: Sendable>(
        _ cache: Cache, _ change: @escaping @Sendable () async throws -> T
    ) async throws -> Task<T, any Error> {
        let before = cache.core.changes.waitingCount
        let task = Task { try await change() }
        try await eventually("the change waits") { cache.core.changes.waitingCount > before }
        return task
    }

    @Test func `changes that waited too long for the lock fail together`() async throws {
        try await withCache(busyTimeout: .milliseconds(500)) { cache, database in
            try await whileHeld(database) {
                let clock = ContinuousClock()
                let start = clock.now
                let codes = try await withThrowingTaskGroup(of: DatabaseError.Code?.self) { group in
                    for number in 0..<64 {
                        group.addTask {
                            do {
                                try await cache.set("key \(number)", number)
                                return nil
                            } catch let error as DatabaseError {
                                return error.code
                            }
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(codes == Array(repeating: .busy, count: 64))
                // One after the other they would take 32 s.
                #expect(clock.now - start < .seconds(16))
            }
            #expect(try await cache.count() == 0)
            try await cache.set("key", 1)
            #expect(try await cache.get("key") == 1)
        }
    }

    @Test func `a change that is cancelled while others lead is taken back`() async throws {
        try await withCache { cache, database in
            var leader: Task<Void, any Error>?
            try await whileHeld(database) {
                leader = try await queue(cache) { try await cache.set("leader", 1) }
                let follower = try await queue(cache) { try await cache.set("follower", 1) }
                follower.cancel()
                // It need not wait for the writer, which is still held.
                await #expect(throws: CancellationError.self) { try await follower.value }
            }
            try await leader?.value
            #expect(try await cache.get("leader") == 1)
            #expect(try await cache.get("follower", as: Int.self) == nil)
        }
    }

    @Test func `a leader that is cancelled hands the lead on`() async throws {
        try await withCache { cache, database in
            var follower: Task<Void, any Error>?
            try await whileHeld(database) {
                let leader = try await queue(cache) { try await cache.set("leader", 1) }
                follower = try await queue(cache) { try await cache.set("follower", 1) }
                leader.cancel()
                await #expect(throws: CancellationError.self) { try await leader.value }
            }
            try await follower?.value
            #expect(try await cache.get("leader", as: Int.self) == nil)
            #expect(try await cache.get("follower") == 1)
        }
    }

    @Test func `what is evicted in a transaction that is lost and run again is counted once`() async throws {
        try await withCache(maximumBytes: 20_000) { cache, database in
            try await database.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT")
            try await database.execute("INSERT INTO notes VALUES (1)")
            for number in 0..<100 { try await cache.set("key \(number)", [UInt8](repeating: 1, count: 300)) }
            let before = try await cache.statistics()
            var changing: Task<Void, any Error>?
            var culprit: Task<Int, any Error>?
            try await whileHeld(database) {
                changing = try await queue(cache) { try await cache.set("large", [UInt8](repeating: 1, count: 4_000)) }
                try await eventually("it waits for the writer") { waitingCount(database) == 1 }
                culprit = Task {
                    try await database.write { try $0.execute("INSERT OR ROLLBACK INTO notes VALUES (1)") }
                }
                try await eventually("both wait") { waitingCount(database) == 2 }
            }
            await #expect(throws: DatabaseError.self) { try await culprit?.value }
            try await changing?.value
            let after = try await cache.statistics()
            let evicted = after.activity.evictions - before.activity.evictions
            #expect(evicted > 5)
            #expect(evicted == before.entryCount + 1 - after.entryCount)
        }
    }

    private func waitingCount(_ database: Database) -> Int {
        database.core.writer.monitor.withLock { database.core.writer.queue.count }
    }

    @Test func `the ledger is exact although it is not read each time`() async throws {
        try await withCache { cache, database in
            for number in 0..<40 {
                try await cache.set("key \(number % 7)", String(repeating: "x", count: number))
                switch number % 8 {
                case 1: try await cache.setMany(["many \(number)": number, "key 3": number])
                case 3: try await cache.delete("key 2")
                case 4: try await cache.delete(prefix: "many 1")
                case 6: _ = try await cache.fetch("fetched \(number)") { number }
                case 7: try await cache.touch("key 1", expiresIn: .seconds(60))
                default: break
                }
                let (counted, ledger) = try database.read { snapshot in
                    let counted = try snapshot.first(
                        "SELECT coalesce(sum(bytes), 0), count(*), coalesce(max(version), 0) FROM lite_cache_entries"
                    ) { row in [try row.integer(0), try row.integer(1), try row.integer(2)] }
                    return (counted, try CacheStore.ledger(in: snapshot))
                }
                #expect(counted?[0] == ledger.bytes)
                #expect(counted?[1] == ledger.entryCount)
                #expect(try #require(counted)[2] <= ledger.sequence)
            }
        }
    }
}
