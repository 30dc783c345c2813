import Foundation
import LiteStackTesting
import Testing

struct TestClockTests {
    @Test func `a sleeper wakes when its deadline is reached, and not before`() async throws {
        let clock = TestClock()
        let woken = TestSignal()

        async let sleep: Void = {
            try await clock.sleep(for: .seconds(10))
            woken.send()
        }()
        try await clock.waitForSleepers()
        clock.advance(by: .seconds(9))
        #expect(clock.sleeperCount == 1)
        #expect(woken.count == 0)
        clock.advance(by: .seconds(1))

        try await sleep
        #expect(woken.count == 1)
        #expect(clock.now.offset == .seconds(10))
    }

    @Test func `a deadline that has passed does not sleep`() async throws {
        let clock = TestClock()
        clock.advance(by: .seconds(5))
        try await clock.sleep(until: clock.now)
        #expect(clock.sleeperCount == 0)
    }

    @Test func `the time of day passes with the clock and can be set back`() {
        let clock = TestClock()
        let start = clock.date

        clock.advance(by: .milliseconds(1500))
        #expect(clock.date.timeIntervalSince(start) == 1.5)

        clock.stepDate(by: .seconds(-60))
        #expect(clock.date.timeIntervalSince(start) == -58.5)
        #expect(clock.now.offset == .milliseconds(1500))
    }

    @Test func `a cancelled sleeper throws and is forgotten`() async throws {
        let clock = TestClock()
        let task = Task { try await clock.sleep(for: .seconds(1)) }
        try await clock.waitForSleepers()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(clock.sleeperCount == 0)
    }

    @Test func `waiting for sleepers that never come ends with a time-out`() async {
        await #expect(throws: TestTimeout.self) {
            try await TestClock().waitForSleepers(within: .milliseconds(10))
        }
    }
}
