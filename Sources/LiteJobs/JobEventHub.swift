import Synchronization

/// Tells whoever listens what the workers of this process do.
final class JobEventHub: Sendable {
    private struct State {
        var lastID = 0
        var listeners: [Int: AsyncStream<JobEvent>.Continuation] = [:]
    }

    private let state = Mutex(State())
    /// So that nothing is spent where nobody listens.
    private let listenerCount = Atomic<Int>(0)

    var isHeard: Bool { listenerCount.load(ordering: .relaxed) > 0 }

    func events() -> AsyncStream<JobEvent> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1_024)) { continuation in
            let id = state.withLock { state in
                state.lastID += 1
                state.listeners[state.lastID] = continuation
                return state.lastID
            }
            listenerCount.wrappingAdd(1, ordering: .relaxed)
            continuation.onTermination = { [weak self] _ in self?.remove(id) }
        }
    }

    private func remove(_ id: Int) {
        let wasThere = state.withLock { $0.listeners.removeValue(forKey: id) != nil }
        if wasThere { listenerCount.wrappingSubtract(1, ordering: .relaxed) }
    }

    func tell(_ id: JobID, _ jobKind: String, _ kind: @autoclosure () -> JobEvent.Kind) {
        guard isHeard else { return }
        let event = JobEvent(id: id, jobKind: jobKind, kind: kind())
        let listeners = state.withLock { Array($0.listeners.values) }
        for listener in listeners { listener.yield(event) }
    }
}
