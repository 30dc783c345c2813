import Foundation
import Synchronization

/// A door that is opened once, and that tasks and threads wait behind.
final class Latch: Sendable {
    struct StayedShut: Error {}

    private struct State {
        var isOpen = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let semaphore = DispatchSemaphore(value: 0)

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
        semaphore.signal()
    }

    var isOpen: Bool { state.withLock { $0.isOpen } }

    /// Waits in a task.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    /// Waits on a thread that may block: LiteDB's own, or one of the test's.
    func waitBlocking() throws {
        guard semaphore.wait(timeout: .now() + 90) == .success else { throw StayedShut() }
        semaphore.signal()
    }
}
