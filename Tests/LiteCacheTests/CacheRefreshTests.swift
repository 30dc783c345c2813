import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCache

/// Stale entries whose refreshing fails, or is another's.
@Suite(.timeLimit(.minutes(5))) struct CacheRefreshTests {
    private struct Failed: Error {}

    /// A cache with an entry that has been over for a second, and may be served for a minute.
    private func withStaleEntry(
        _ log: RecordingLog = RecordingLog(), _ body: (Cache, TestWall) async throws -> Void
    ) async throws {
        let wall = TestWall()
        var configuration = Cache.Configuration()
        configuration.now = wall.now
        try await withTemporaryDirectory { folder in
            let cache = try await Cache.open(
                at: folder + "/cache.sqlite3", configuration: configuration, logger: log.logger)
            _ = try await cache.fetch("key", expiresIn: .seconds(10), staleFor: .seconds(60)) { 1 }
            wall.advance(by: .seconds(11))
            try await body(cache, wall)
            await cache.close()
        }
    }

    @Test(arguments: [nil, Duration.seconds(5)])
    func `a stale value outlives a refresh that failed, which is logged and not tried again at once`(
        failuresExpireIn: Duration?
    ) async throws {
        let log = RecordingLog()
        try await withStaleEntry(log) { cache, wall in
            let tried = TestSignal()
            func fetch() async throws -> Int {
                try await cache.fetch(
                    "key", expiresIn: .seconds(10), staleFor: .seconds(60), failuresExpireIn: failuresExpireIn
                ) {
                    tried.send()
                    throw Failed()
                }
            }
            #expect(try await fetch() == 1)
            try await eventually("the failure is told") { log.warningCount == 1 }
            try await eventually("nothing is under way") { cache.core.flights.isIdle }
            for _ in 1...5 { #expect(try await fetch() == 1) }
            #expect(tried.count == 1)
            wall.advance(by: failuresExpireIn ?? .seconds(1))
            #expect(try await fetch() == 1)
            try await eventually("it was tried again") { log.warningCount == 2 }
            #expect(tried.count == 2)
        }
    }

    @Test func `another handle does not try what has just failed here`() async throws {
        try await withStaleEntry { cache, wall in
            var configuration = Cache.Configuration()
            configuration.now = wall.now
            let other = try await Cache.open(at: cache.core.database.path, configuration: configuration)
            let tried = TestSignal()
            _ = try await cache.fetch("key", as: Int.self, staleFor: .seconds(60)) { throw Failed() }
            try await eventually("nothing is under way") { cache.core.flights.isIdle }
            for _ in 1...5 {
                let value = try await other.fetch("key", as: Int.self, staleFor: .seconds(60)) {
                    tried.send()
                    throw Failed()
                }
                #expect(value == 1)
            }
            try await eventually("nothing is under way") { other.core.flights.isIdle }
            #expect(tried.count == 0)
            await other.close()
        }
    }

    @Test func `a stale hit writes nothing while another handle refreshes`() async throws {
        try await withStaleEntry { cache, wall in
            var configuration = Cache.Configuration()
            configuration.now = wall.now
            let other = try await Cache.open(at: cache.core.database.path, configuration: configuration)
            let (started, mayEnd) = (TestSignal(), TestSignal())
            _ = try await other.fetch("key", as: Int.self, staleFor: .seconds(60)) {
                started.send()
                try await mayEnd.wait()
                return 2
            }
            try await started.wait()
            for _ in 1...3 {
                let value = try await cache.fetch("key", as: Int.self, staleFor: .seconds(60)) { 3 }
                #expect(value == 1)
                #expect(cache.core.flights.isIdle)
            }
            mayEnd.send()
            try await eventually("it is refreshed") { try await cache.get("key", as: Int.self) == 2 }
            await other.close()
        }
    }

    @Test func `the refresh of a process that is dead is taken over`() async throws {
        try await withStaleEntry { cache, _ in
            let (store, key) = (cache.core.store, cache.scope.entryKey("key"))
            let now = cache.core.clock.milliseconds()
            let common = try cache.newEntry(.never, [])
            _ = try await cache.core.database.write { transaction in
                try store.claim(
                    key, common, token: 1, process: "dead", deadline: now + 30_000, dead: nil, unusable: nil, at: now,
                    in: transaction)
            }
            let value = try await cache.fetch("key", expiresIn: .seconds(10), staleFor: .seconds(60)) { 2 }
            #expect(value == 1)
            try await eventually("it is refreshed") { try await cache.get("key", as: Int.self) == 2 }
        }
    }

    @Test func `rows of failed computations go with the next ones, without upkeep`() async throws {
        let wall = TestWall()
        try await withCache(at: wall) { cache in
            for number in 1...50 {
                await #expect(throws: Failed.self) {
                    try await cache.fetch("key \(number)", as: Int.self) { throw Failed() }
                }
                wall.advance(by: .seconds(1))
            }
            let count = try cache.core.database.read { snapshot in
                try snapshot.first("SELECT count(*) FROM lite_cache_flights", as: Int.self)
            }
            #expect(count == 1)
        }
    }

    @Test func `the sweep and the look for overtaken computations use their indexes`() async throws {
        try await withCache { cache in
            let plans = try cache.core.database.read { snapshot in
                try [CacheStore.oldFlights(at: 1, limit: 8), CacheStore.runningFlights].map { sql in
                    try snapshot.all("EXPLAIN QUERY PLAN \(sql)") { try $0.text(3) }.joined()
                }
            }
            #expect(plans[0].contains("USING COVERING INDEX lite_cache_flights_deadline"))
            #expect(plans[1].contains("USING INDEX lite_cache_flights_running"))
        }
    }

    @Test func `pauses are bounded and end`() {
        let pauses = RefreshPauses()
        for number in 0..<5_000 {
            pauses.add(EntryKey(hash: Int64(number), text: "\(number)"), until: 10, at: 1)
        }
        #expect(pauses.count <= RefreshPauses.maximumCount)
        let key = EntryKey(hash: 4_999, text: "4999")
        #expect(pauses.contains(key, at: 9))
        #expect(!pauses.contains(key, at: 10))
    }

    @Test func `beside commits one who waits looks for the other process only now and then`() {
        var patience = Patience()
        let start = ContinuousClock().now
        let looksFirst = patience.isOver(afterCommit: true, at: start)
        #expect(looksFirst)
        var looks = 0
        for passed in 1...1_000 where patience.isOver(afterCommit: true, at: start + .milliseconds(passed)) {
            looks += 1
        }
        #expect(looks == 5)
        let looksWithout = patience.isOver(afterCommit: false, at: start + .milliseconds(1_000))
        #expect(looksWithout)
    }

    @Test func `a refresh never takes the place of a computation that callers wait for`() async throws {
        let (flights, mayEnd, refreshed) = (Flights(), TestSignal(), TestSignal())
        let key = EntryKey(hash: 1, text: "key")
        async let value = flights.value(for: key) {
            try await mayEnd.wait()
            return .value(Computed(value: 1, stored: StoredValue(.integer(1))))
        }
        try await eventually("it waits") { flights.waiterCount == 1 }
        flights.refresh(key) {
            refreshed.send()
            return .elsewhere
        }
        #expect(flights.waiterCount == 1)
        mayEnd.send()
        #expect(try await value.value as? Int == 1)
        try await eventually("all is over") { flights.isIdle }
        #expect(refreshed.count == 0)
    }
}
