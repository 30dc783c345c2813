import Synchronization

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A clock whose time passes only when the test says so.
///
/// A task that sleeps on it wakes when ``advance(by:)`` reaches its deadline. Wait for the sleeper first, so that the
/// test does not advance before the code under test has gone to sleep:
///
/// ```swift
/// let clock = TestClock()
/// async let result = retry(clock: clock)
/// try await clock.waitForSleepers()
/// clock.advance(by: .seconds(30))
/// ```
///
/// It has a time of day as well, for the `now` of a component's configuration: ``date``.
public final class TestClock: Clock {
    /// A moment of a test clock.
    public struct Instant: InstantProtocol, CustomStringConvertible {
        /// The time since the clock was made.
        public var offset: Duration

        /// The moment `duration` later.
        public func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }

        /// The time from this moment to `other`.
        public func duration(to other: Instant) -> Duration { other.offset - offset }

        /// Whether `left` is earlier.
        public static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }

        /// The time since the clock was made, as text.
        public var description: String { "\(offset)" }
    }

    private struct Sleeper {
        let deadline: Instant
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now = Instant(offset: .zero)
        var dateAtZero = Date(timeIntervalSince1970: 1_767_225_600)
        var lastID = 0
        var sleepers: [Int: Sleeper] = [:]
    }

    private let state = Mutex(State())

    /// Creates a clock that stands at zero, on 1 January 2026, 00:00 UTC.
    public init() {}

    /// The time, as the test has set it.
    public var now: Instant { state.withLock { $0.now } }

    /// The time of day. It passes as the clock is advanced, and jumps by ``stepDate(by:)``.
    public var date: Date {
        state.withLock { $0.dateAtZero + $0.now.offset / .seconds(1) }
    }

    /// Sets the time of day forward, or back, as an administrator does: no sleep ends by it.
    public func stepDate(by duration: Duration) {
        state.withLock { $0.dateAtZero += duration / .seconds(1) }
    }

    /// Zero: a sleep of any length can be ended exactly.
    public var minimumResolution: Duration { .zero }

    /// How many tasks sleep on the clock.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Moves the time on and wakes who has slept long enough, the earliest first.
    public func advance(by duration: Duration) {
        precondition(duration >= .zero, "a clock of this kind never goes back")
        let woken = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let due = state.sleepers.filter { $0.value.deadline <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.sorted { ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key) }.map(\.value.continuation)
        }
        for continuation in woken { continuation.resume() }
    }

    /// Waits until at least `count` tasks sleep on the clock.
    ///
    /// - Throws: ``TestTimeout``.
    public func waitForSleepers(
        _ count: Int = 1, within limit: Duration = .seconds(45), fileID: StaticString = #fileID, line: UInt = #line
    ) async throws {
        try await eventually("A sleep of \(count) tasks", within: limit, fileID: fileID, line: line) {
            sleeperCount >= count
        }
    }

    /// Sleeps until the test has advanced the clock to `deadline`.
    ///
    /// - Throws: `CancellationError`.
    public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        try Task.checkCancellation()
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.now < deadline {
                        state.sleepers[id] = Sleeper(deadline: deadline, continuation: continuation)
                    }
                    return state.now >= deadline
                }
                if isDue { continuation.resume() }
                // The handler may have run before there was a sleeper to wake.
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
    }

    private func cancel(_ id: Int) {
        state.withLock { $0.sleepers.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
    }
}
