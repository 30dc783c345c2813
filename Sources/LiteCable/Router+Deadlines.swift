import Synchronization

/// Who wants to be woken at a time, and whose deliveries take too long.
extension Router {
    /// How exactly deadlines are kept.
    static let tick = Duration.milliseconds(500)

    /// Wakes the subscription by this time, if nothing else does; within a `tick`.
    func setDeadline(_ deadline: ContinuousClock.Instant?, for listener: Listener) {
        state.withLock { state in
            listener.deadline = deadline
            if deadline != nil { startTicking(&state) }
        }
    }

    private func startTicking(_ state: inout State) {
        guard state.ticker == nil, !state.listeners.isEmpty else { return }
        state.ticker = Task { [self] in await tickOn() }
    }

    private func tickOn() async {
        // Cancelled with the last subscription.
        while (try? await Task.sleep(for: Self.tick)) != nil {
            let now = ContinuousClock.now
            let due = state.withLock { state in
                for listener in state.listeners.values { Self.endIfStalled(listener, at: now) }
                return state.listeners.values.filter { listener in listener.deadline.map { $0 <= now } ?? false }
            }
            for listener in due { listener.signal() }
        }
    }

    /// From now on a delivery by this task that takes longer than the limit cancels it; nil ends that.
    func setDelivering(_ task: UnsafeCurrentTask?, limit: Duration, for listener: Listener) {
        // The task ends only after it has set nil here, so under the lock it is there.
        state.withLock { state in
            listener.delivering = task.map { ($0, limit) }
            if task != nil { startTicking(&state) }
        }
    }

    private static func endIfStalled(_ listener: Listener, at now: ContinuousClock.Instant) {
        guard let (task, limit) = listener.delivering else { return }
        let since = listener.deliveringSince.load(ordering: .relaxed)
        guard since != 0 else { return }
        if Duration.nanoseconds(Listener.nanoseconds(at: now) - since) >= limit { task.cancel() }
    }
}
