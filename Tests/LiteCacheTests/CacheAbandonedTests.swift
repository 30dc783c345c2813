import LiteStackTesting
import Testing

@testable import LiteCache

/// Computations that go on although nobody waits for them any more.
@Suite(.timeLimit(.minutes(5))) struct CacheAbandonedTests {
    /// Waits for the signal whether or not its task is cancelled.
    private static func waitAnyhow(for signal: TestSignal) async {
        await Task { try? await signal.wait() }.value  // a signal that never comes shows in what the test expects
    }

    private func leftComputation(
        _ cache: Cache, _ mayEnd: TestSignal, _ result: @escaping @Sendable () throws -> Int
    ) async throws {
        let started = TestSignal()
        let caller = Task {
            try await cache.fetch("key") {
                started.send()
                await Self.waitAnyhow(for: mayEnd)
                return try result()
            }
        }
        try await started.wait()
        caller.cancel()
        await #expect(throws: CancellationError.self) { try await caller.value }
    }

    @Test func `its value is stored`() async throws {
        try await withCache { cache in
            let mayEnd = TestSignal()
            try await leftComputation(cache, mayEnd) { 7 }
            mayEnd.send()
            try await eventually("it is stored") { try await cache.get("key", as: Int.self) == 7 }
        }
    }

    @Test func `who comes meanwhile joins it`() async throws {
        try await withCache { cache in
            let mayEnd = TestSignal()
            try await leftComputation(cache, mayEnd) { 7 }
            async let value = cache.fetch("key") { 8 }
            try await eventually("it waits") { cache.core.flights.waiterCount == 1 }
            mayEnd.send()
            #expect(try await value == 7)
        }
    }

    @Test func `its failure is not theirs, they compute`() async throws {
        struct Failed: Error {}
        try await withCache { cache in
            let mayEnd = TestSignal()
            try await leftComputation(cache, mayEnd) { throw Failed() }
            async let value = cache.fetch("key") { 8 }
            try await eventually("it waits") { cache.core.flights.waiterCount == 1 }
            mayEnd.send()
            #expect(try await value == 8)
        }
    }

    @Test func `what it gives after the cache was closed is not stored`() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            let (cache, other) = (try await Cache.open(at: path), try await Cache.open(at: path))
            let mayEnd = TestSignal()
            try await leftComputation(cache, mayEnd) { 7 }
            async let closing: Void = cache.close()
            try await eventually("it is closing") { cache.core.flights.isClosed }
            mayEnd.send()
            await closing
            #expect(try await other.get("key", as: Int.self) == nil)
            await other.close()
        }
    }
}
