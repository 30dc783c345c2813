import LiteDB
import Synchronization

/// One subscription's place in the router: what it wants, and the task that waits for it.
final class Listener: Sendable {
    let matcher: ChannelMatcher
    private let wakeUp = WakeUp(isSignalled: false)

    // Guarded by the router's lock.
    /// How many subscriptions there were with it, counted from the first.
    nonisolated(unsafe) var number = 0
    /// Nothing for it lies between where it had caught up and here; nil while it has caught up.
    nonisolated(unsafe) var pendingFrom: Int64? = 0
    /// When it wants to be woken at the latest.
    nonisolated(unsafe) var deadline: ContinuousClock.Instant?
    /// The task that delivers, for as long as it does, and how long one delivery may take.
    nonisolated(unsafe) var delivering: (task: UnsafeCurrentTask, limit: Duration)?

    /// Since when a delivery is under way, in nanoseconds of `Listener.epoch`; 0 if none is.
    let deliveringSince = Atomic<Int64>(0)
    /// Whether a disconnect of its subject was read, or may have been removed before it was: ask the file.
    let mayBeDisconnected = Atomic<Bool>(false)
    private static let epoch = ContinuousClock.now

    static func nanoseconds(at instant: ContinuousClock.Instant) -> Int64 {
        Int64((instant - epoch) / .nanoseconds(1)) + 1
    }

    init(matcher: ChannelMatcher) {
        self.matcher = matcher
    }

    func signal() { wakeUp.signal() }

    func end() { wakeUp.end() }

    /// Waits for the next signal; false at the end or when the task is cancelled.
    func wait() async -> Bool { await wakeUp.wait() }
}
