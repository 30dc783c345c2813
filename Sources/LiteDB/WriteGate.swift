import CLiteStackSQLite
import Synchronization

/// A fair queue between processes for the write lock: two files, `next` and `gate`, each under `flock`.
///
/// Whoever waits for `gate` holds `next`, so one that has just written cannot take its place again before the others.
/// It is a hint: SQLite's lock is the truth, so a missing, deleted or stuck gate costs speed only. The order is
/// always gate, write lock, checkpoint lock.
///
/// `@unchecked Sendable`: the descriptors are set once; one thread at a time is inside, which the writer makes sure of.
final class WriteGate: @unchecked Sendable {
    private let next: Int32
    private let gate: Int32
    /// Until when a blocked `enter` may stay, in monotonic nanoseconds; zero if nobody is blocked.
    private let blockedUntil = Atomic<UInt64>(0)
    private let blockedThread = Mutex<pthread_t?>(nil)

    /// Opens the two files, which are made if they are missing. Without them every call says at once that it is free.
    init(directory: String, name: String) {
        litestack_allow_interruption()
        next = litestack_open("\(directory)/\(name).next", O_RDWR | O_CREAT, 0o600)
        gate = litestack_open("\(directory)/\(name).gate", O_RDWR | O_CREAT, 0o600)
    }

    deinit {
        if next >= 0 { close(next) }
        if gate >= 0 { close(gate) }
    }

    /// Enters if nobody is inside or waits; never blocks. Without gate files it is always free.
    @inline(__always)
    func tryEnter() -> Bool {
        guard gate >= 0, next >= 0 else { return true }
        guard litestack_flock(next, LOCK_EX | LOCK_NB) == 0 else { return false }
        let entered = litestack_flock(gate, LOCK_EX | LOCK_NB) == 0
        litestack_flock(next, LOCK_UN)
        return entered
    }

    /// Waits in line until `deadline`. False if it came first: then go on without the gate.
    func enter(until deadline: MonotonicTime) -> Bool {
        if tryEnter() { return true }
        guard gate >= 0, next >= 0 else { return true }
        blockedThread.withLock { $0 = pthread_self() }
        blockedUntil.store(deadline.nanoseconds, ordering: .sequentiallyConsistent)
        defer {
            blockedUntil.store(0, ordering: .sequentiallyConsistent)
            blockedThread.withLock { $0 = nil }
        }
        guard block(on: next, until: deadline) else { return false }
        defer { litestack_flock(next, LOCK_UN) }
        return block(on: gate, until: deadline)
    }

    @inline(__always)
    func leave() {
        guard gate >= 0 else { return }
        litestack_flock(gate, LOCK_UN)
    }

    /// Interrupts an `enter` whose deadline has passed: flock itself has none. Called on each tick of the housekeeper.
    func interruptIfOverdue(at now: MonotonicTime) {
        let limit = blockedUntil.load(ordering: .sequentiallyConsistent)
        guard limit != 0, limit <= now.nanoseconds else { return }
        // The lock keeps the thread from leaving between the look and the signal.
        blockedThread.withLock { thread in
            if let thread { pthread_kill(thread, SIGURG) }
        }
    }

    private func block(on descriptor: Int32, until deadline: MonotonicTime) -> Bool {
        while MonotonicTime.now < deadline {
            if litestack_flock(descriptor, LOCK_EX) == 0 { return true }
            guard litestack_errno() == EINTR else { return false }
        }
        return false
    }
}
