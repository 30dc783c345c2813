import Synchronization

/// Wakes one task that waits; signals that come while it does not are kept as one.
package final class WakeUp: Sendable {
    private enum State {
        case idle
        case signalled
        case waiting(UnsafeContinuation<Bool, Never>)
        case ended
    }

    private let state: Mutex<State>

    /// - Parameter isSignalled: Whether the first wait ends at once.
    package init(isSignalled: Bool) {
        state = Mutex(isSignalled ? .signalled : .idle)
    }

    package func signal() {
        let waiter = state.withLock { state -> UnsafeContinuation<Bool, Never>? in
            switch state {
            case .idle:
                state = .signalled
                return nil
            case .waiting(let continuation):
                state = .idle
                return continuation
            case .signalled, .ended:
                return nil
            }
        }
        waiter?.resume(returning: true)
    }

    /// Ends this wait and all later ones.
    package func end() {
        let waiter = state.withLock { state -> UnsafeContinuation<Bool, Never>? in
            defer { state = .ended }
            guard case .waiting(let continuation) = state else { return nil }
            return continuation
        }
        waiter?.resume(returning: false)
    }

    /// Waits for the next signal; false at the end or when the task is cancelled.
    package func wait() async -> Bool {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
                let answer = state.withLock { state -> Bool? in
                    switch state {
                    case .signalled:
                        state = .idle
                        return true
                    case .ended:
                        return false
                    case .idle:
                        state = .waiting(continuation)
                        return nil
                    case .waiting:
                        preconditionFailure("one iterator is used by two tasks at once")
                    }
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            end()
        }
    }
}
