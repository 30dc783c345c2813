import Synchronization

/// Who wants to be woken at a time, and whose deliveries take too long.
///
/// One task sleeps until the first of them is due. A delivery is looked at once in each limit of its own, not when it begins.
extension Router {
    /// How exactly deadlines are kept.
    static let tick = Duration.milliseconds(500)
    private static let epoch = ContinuousClock.now
    /// Whoever has more time than this is looked at too early. No number of steps, and no timer, is too large so.
    private static let longestSleep = Duration.seconds(86_400)

    /// The first step of time in which that instant is over.
    private static func step(of instant: ContinuousClock.Instant) -> Int64 {
        Int64(((min(instant, .now + longestSleep) - epoch) / tick).rounded(.up))
    }

    private static func instant(of step: Int64) -> ContinuousClock.Instant {
        epoch + tick * Int(step)
    }

    /// When somebody is looked at next.
    var nextLook: ContinuousClock.Instant? {
        state.withLock { $0.nextStep.map { Self.instant(of: $0) } }
    }

    /// Wakes the subscription by this time, if nothing else does; within a `tick`.
    func setDeadline(_ deadline: ContinuousClock.Instant?, for listener: Listener) {
        state.withLock { state in
            listener.deadline = deadline
            if let deadline { look(at: listener, deadline, &state) }
        }
    }

    /// From now on a delivery by this task that takes longer than the limit cancels it; nil ends that.
    func setDelivering(_ task: UnsafeCurrentTask?, limit: Duration, for listener: Listener) {
        // The task ends only after it has set nil here, so under the lock it is there.
        state.withLock { state in
            listener.delivering = task.map { ($0, limit) }
            if task != nil { look(at: listener, .now + limit, &state) }
        }
    }

    private func look(at listener: Listener, _ instant: ContinuousClock.Instant, _ state: inout State) {
        let id = ObjectIdentifier(listener)
        guard state.listeners[id] != nil else { return }
        let step = Self.step(of: instant)
        guard state.deadlines.set(id, to: step), state.nextStep.map({ step < $0 }) ?? true else { return }
        state.ticker?.cancel()
        state.nextStep = step
        state.ticker = Task { [self] in await tickOn(from: step) }
    }

    private func tickOn(from first: Int64) async {
        var next = first
        // Cancelled with the last subscription, or because another one begins earlier.
        while (try? await Task.sleep(until: Self.instant(of: next), clock: .continuous)) != nil {
            let (woken, following) = state.withLock { state -> ([Listener], Int64?) in
                guard !Task.isCancelled else { return ([], nil) }
                let woken = lookAtWhoIsDue(&state)
                state.nextStep = state.deadlines.first
                if state.nextStep == nil { state.ticker = nil }
                return (woken, state.nextStep)
            }
            for listener in woken { listener.signal() }
            guard let following else { return }
            next = following
        }
    }

    /// Ends deliveries that have stalled; who has to be woken.
    private func lookAtWhoIsDue(_ state: inout State) -> [Listener] {
        let now = ContinuousClock.now
        var woken: [Listener] = []
        for id in state.deadlines.take(through: max(Self.step(of: now) - 1, state.nextStep ?? 0)) {
            guard let listener = state.listeners[id] else { continue }
            var next = Self.nextLook(at: listener, endingIfStalled: now)
            if let deadline = listener.deadline, deadline <= now {
                // Once: a signal is kept until it waits.
                listener.deadline = nil
                woken.append(listener)
            } else if let deadline = listener.deadline {
                next = min(deadline, next ?? deadline)
            }
            if let next { state.deadlines.set(id, to: Self.step(of: next)) }
        }
        return woken
    }

    /// Cancels its delivery if that has stalled; when it could have, the next time.
    private static func nextLook(
        at listener: Listener, endingIfStalled now: ContinuousClock.Instant
    ) -> ContinuousClock.Instant? {
        guard let (task, limit) = listener.delivering else { return nil }
        let since = listener.deliveringSince.load(ordering: .relaxed)
        guard since != 0 else { return now + limit }
        let begun = now - .nanoseconds(Listener.nanoseconds(at: now) - since)
        guard now - begun >= limit else { return begun + limit }
        task.cancel()
        return now + limit
    }
}
