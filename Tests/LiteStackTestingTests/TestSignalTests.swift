import Dispatch
import LiteStackTesting
import Testing

struct TestSignalTests {
    @Test func `a wait for a signal that was sent returns at once`() async throws {
        let signal = TestSignal()
        signal.send()
        signal.send()
        try await signal.wait(count: 2, within: .zero)
        #expect(signal.count == 2)
    }

    @Test func `a wait ends with the last signal that it needs`() async throws {
        let signal = TestSignal()
        async let wait: Void = signal.wait(count: 3)
        for _ in 1...3 { signal.send() }
        try await wait
    }

    @Test func `a wait for a signal that never comes times out`() async {
        let signal = TestSignal()
        signal.send()
        await #expect(throws: TestTimeout.self) {
            try await signal.wait(count: 2, within: .milliseconds(10))
        }
        #expect(throws: TestTimeout.self) {
            try signal.waitBlocking(count: 2, within: .milliseconds(10))
        }
    }

    @Test func `a cancelled wait throws, before and while it waits`() async {
        let signal = TestSignal()
        let waiting = Task { try await signal.wait() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }

    @Test func `a blocked thread goes on when the signal comes`() async throws {
        let start = TestSignal()
        let end = TestSignal()
        DispatchQueue.global().async {
            // Without the signal the other side times out, which fails the test.
            try? start.waitBlocking()
            if start.count == 1 { end.send() }
        }
        #expect(end.count == 0)
        start.send()
        try await end.wait()
    }
}
