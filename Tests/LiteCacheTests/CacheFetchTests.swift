import LiteCache
import LiteStackTesting
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct CacheFetchTests {
    private struct Failed: Error {}

    @Test func `a value is computed once and then read`() async throws {
        let computed = TestSignal()
        try await withCache { cache in
            for _ in 0..<3 {
                let value = try await cache.fetch("key") {
                    computed.send()
                    return 7
                }
                #expect(value == 7)
            }
            #expect(computed.count == 1)
        }
    }

    @Test func `callers that miss at the same time share one computation`() async throws {
        let (started, mayEnd) = (TestSignal(), TestSignal())
        try await withCache { cache in
            let values = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        try await cache.fetch("key") {
                            started.send()
                            try await mayEnd.wait()
                            return 7
                        }
                    }
                }
                try await started.wait()
                mayEnd.send()
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(values == Array(repeating: 7, count: 50))
            #expect(started.count == 1)
        }
    }

    @Test func `different keys are computed side by side`() async throws {
        let (first, second) = (TestSignal(), TestSignal())
        try await withCache { cache in
            async let one = cache.fetch("one") {
                first.send()
                try await second.wait()
                return 1
            }
            async let two = cache.fetch("two") {
                second.send()
                try await first.wait()
                return 2
            }
            let values = try await [one, two]
            #expect(values == [1, 2])
        }
    }

    @Test func `an error reaches the caller, and the next one computes anew`() async throws {
        try await withCache { cache in
            await #expect(throws: Failed.self) { try await cache.fetch("key", as: Int.self) { throw Failed() } }
            let value = try await cache.fetch("key") { 7 }
            #expect(value == 7)
        }
    }

    @Test func `a caller that is cancelled leaves at once and the others get the value`() async throws {
        let (started, mayEnd) = (TestSignal(), TestSignal())
        try await withCache { cache in
            let impatient = Task {
                try await cache.fetch("key") {
                    started.send()
                    try await mayEnd.wait()
                    return 7
                }
            }
            try await started.wait()
            let joined = TestSignal()
            let patient = Task {
                joined.send()
                return try await cache.fetch("key") { 8 }
            }
            try await joined.wait()
            impatient.cancel()
            await #expect(throws: CancellationError.self) { try await impatient.value }
            mayEnd.send()
            // The second caller either joined the computation, or came after it was abandoned and computed its own.
            let value = try await patient.value
            #expect(value == 7 || value == 8)
        }
    }

    @Test func `a computation that nobody waits for any more is cancelled`() async throws {
        let (started, wasCancelled) = (TestSignal(), TestSignal())
        try await withCache { cache in
            let caller = Task {
                try await cache.fetch("key", as: Int.self) {
                    started.send()
                    do {
                        try await TestSignal().wait()
                    } catch is CancellationError {
                        wasCancelled.send()
                    }
                    throw CancellationError()
                }
            }
            try await started.wait()
            caller.cancel()
            await #expect(throws: CancellationError.self) { try await caller.value }
            try await wasCancelled.wait()
        }
    }

    @Test func `closing ends computations and tells who waits`() async throws {
        let (started, wasCancelled) = (TestSignal(), TestSignal())
        try await withCache { cache in
            let caller = Task {
                try await cache.fetch("key", as: Int.self) {
                    started.send()
                    do {
                        try await TestSignal().wait()
                    } catch is CancellationError {
                        wasCancelled.send()
                    }
                    throw CancellationError()
                }
            }
            try await started.wait()
            await cache.close()
            #expect(wasCancelled.count == 1)
            await #expect { try await caller.value } throws: { ($0 as? CacheError)?.code == .closed }
        }
    }

    @Test func `a value of another type counts as none`() async throws {
        try await withCache { cache in
            try await cache.set("key", "of an older release")
            let value = try await cache.fetch("key") { [1, 2] }
            #expect(value == [1, 2])
            #expect(try await cache.get("key") == [1, 2])
        }
    }

    @Test func `a value that is too large to be stored is passed on`() async throws {
        try await withCache(configuration(maximumBytes: 4_000)) { cache in
            let large = [UInt8](repeating: 1, count: 2_000)
            let value = try await cache.fetch("key") { large }
            #expect(value == large)
            #expect(try await cache.get("key", as: [UInt8].self) == nil)
        }
    }
}
