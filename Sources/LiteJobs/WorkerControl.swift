import Synchronization

/// What a running worker is told from outside its loop: to look, to stop, to stop at once.
final class WorkerControl: Sendable {
    enum Phase: Int, Comparable {
        /// Takes jobs.
        case running
        /// Takes none, and waits for those that run.
        case draining
        /// Has cancelled those that run.
        case cancelling

        static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }
    }

    /// What happened since the last look.
    struct Events {
        /// It is time to look for dead workers.
        var isHousekeepingDue = false
        /// The database was closed.
        var isDatabaseClosed = false
    }

    private struct State {
        var phase = Phase.running
        var events: Events? = Events(isHousekeepingDue: true)
        var waiter: UnsafeContinuation<Events, Never>?
    }

    private let state = Mutex(State())

    var phase: Phase { state.withLock { $0.phase } }

    /// Moves on to a later phase.
    func enter(_ phase: Phase) {
        signal { state, _ in state = max(state, phase) }
    }

    /// Something may have changed: commits, a free slot, a job that is due.
    func wake() {
        signal { _, _ in }
    }

    func housekeepingIsDue() {
        signal { _, events in events.isHousekeepingDue = true }
    }

    func databaseWasClosed() {
        signal { _, events in events.isDatabaseClosed = true }
    }

    /// Waits until something happened; what happened meanwhile is one element.
    func next() async -> Events {
        await withUnsafeContinuation { continuation in
            let events = state.withLock { state -> Events? in
                defer { state.events = nil }
                if state.events == nil { state.waiter = continuation }
                return state.events
            }
            if let events { continuation.resume(returning: events) }
        }
    }

    private func signal(_ change: (inout Phase, inout Events) -> Void) {
        let (waiter, events) = state.withLock { state -> (UnsafeContinuation<Events, Never>?, Events) in
            var events = state.events ?? Events()
            change(&state.phase, &events)
            defer { state.waiter = nil }
            state.events = state.waiter == nil ? events : nil
            return (state.waiter, events)
        }
        waiter?.resume(returning: events)
    }
}
