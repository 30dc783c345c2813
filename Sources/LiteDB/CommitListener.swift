import Synchronization

/// One iterator that waits for commits; signals that come while nobody waits are kept as one.
final class CommitListener: Sendable {
    private enum State {
        case idle
        case signalled
        case waiting(UnsafeContinuation<Bool, Never>)
        case ended
    }

    private let tables: Set<String>?
    private let state: Mutex<State>

    /// - Parameter tables: Which tables matter, in lower case; nil for any.
    init(tables: Set<String>?) {
        self.tables = tables
        state = Mutex(.signalled)
    }

    func concerns(_ written: Set<String>) -> Bool {
        guard let tables else { return true }
        return written.contains { tables.contains($0.lowercased()) }
    }

    func signal() {
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

    func end() {
        let waiter = state.withLock { state -> UnsafeContinuation<Bool, Never>? in
            defer { state = .ended }
            guard case .waiting(let continuation) = state else { return nil }
            return continuation
        }
        waiter?.resume(returning: false)
    }

    /// Waits for the next signal; false at the end or when the task is cancelled.
    func next() async -> Bool {
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
                        preconditionFailure("an iterator of commits is used by two tasks at once")
                    }
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            end()
        }
    }
}
