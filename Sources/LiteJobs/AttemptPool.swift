import Synchronization

/// What a worker has claimed: attempts that run, jobs that wait for one of them to end, and ends that wait to be
/// recorded.
///
/// An attempt that ends starts the next job itself, so that handlers do not wait for the commit that records it.
final class AttemptPool: Sendable {
    private struct Running {
        let token: Int64
        let attempt: Attempt
        let task: Task<Void, Never>
        /// Ends it when it takes too long.
        let watch: Task<Void, Never>?
        /// Whether the table knows that it begins.
        var isNoted: Bool
        /// Whether it was found lost, and cancelled.
        var isLost = false
    }

    private struct Ready {
        var job: ClaimedJob
        let since: ContinuousClock.Instant
    }

    private struct State {
        var running: [JobID: Running] = [:]
        /// The next one is last.
        var ready: [Ready] = []
        var ended: [EndedAttempt] = []
        var isStarting = true
        var countByQueue: [String: Int] = [:]
    }

    private let state = Mutex(State())
    private let concurrency: Int
    private let countsQueues: Bool
    private let makeAttempt: @Sendable (ClaimedJob) -> Attempt
    /// Called when an attempt has ended.
    private let onEnd: @Sendable () -> Void
    /// Called with each attempt that begins.
    private let onStart: @Sendable (Attempt, Task<Void, Never>) -> Task<Void, Never>?

    init(
        concurrency: Int, countsQueues: Bool, makeAttempt: @escaping @Sendable (ClaimedJob) -> Attempt,
        onStart: @escaping @Sendable (Attempt, Task<Void, Never>) -> Task<Void, Never>?,
        onEnd: @escaping @Sendable () -> Void
    ) {
        self.concurrency = concurrency
        self.countsQueues = countsQueues
        self.makeAttempt = makeAttempt
        self.onStart = onStart
        self.onEnd = onEnd
    }

    /// How many attempts run.
    var runningCount: Int { state.withLock { $0.running.count } }

    /// Whether nothing runs, waits, or is to be recorded.
    var isEmpty: Bool { state.withLock { $0.running.isEmpty && $0.ready.isEmpty && $0.ended.isEmpty } }

    /// How many jobs are claimed, of all queues and of those that have limits of their own.
    var claimedCounts: (total: Int, byQueue: [String: Int]) {
        state.withLock { ($0.running.count + $0.ready.count, $0.countByQueue) }
    }

    /// Starts jobs, as many as the concurrency allows; the rest waits here.
    func add(_ jobs: [ClaimedJob]) {
        guard !jobs.isEmpty else { return }
        state.withLock { state in
            if countsQueues { for job in jobs { state.countByQueue[job.queue, default: 0] += 1 } }
            let now = ContinuousClock.now
            state.ready.insert(contentsOf: jobs.reversed().map { Ready(job: $0, since: now) }, at: 0)
            startReady(&state)
        }
    }

    private func startReady(_ state: inout State) {
        while state.isStarting, state.running.count < concurrency, let job = state.ready.last?.job, !job.waitsForNote {
            state.ready.removeLast()
            let attempt = makeAttempt(job)
            // It runs on after the worker's task was cancelled, and has a handle to be cancelled alone. Its end takes the
            // lock that is held here, so it finds itself in the table.
            let task = Task { [self] in end(attempt, await attempt.run()) }
            let watch = onStart(attempt, task)
            state.running[job.id] = Running(
                token: job.token, attempt: attempt, task: task, watch: watch, isNoted: job.isNoted)
        }
    }

    private func end(_ attempt: Attempt, _ ended: EndedAttempt?) {
        state.withLock { state in
            // A job that was lost and claimed again may run a second time here.
            if state.running[attempt.job.id]?.token == attempt.job.token {
                state.running.removeValue(forKey: attempt.job.id)?.watch?.cancel()
            }
            if countsQueues { state.countByQueue[attempt.job.queue, default: 1] -= 1 }
            if let ended { state.ended.append(ended) }
            startReady(&state)
        }
        onEnd()
    }

    /// Takes the ends that are to be recorded.
    func takeEnded() -> [EndedAttempt] {
        state.withLock { state in
            defer { state.ended = [] }
            return state.ended
        }
    }

    /// Puts ends back that could not be recorded yet.
    func putBack(_ ended: [EndedAttempt]) {
        state.withLock { $0.ended = ended + $0.ended }
    }

    /// Starts nothing any more: the jobs that were not started are given back.
    func stopStarting() {
        state.withLock { state in
            state.isStarting = false
            giveBack(state.ready.count, &state)
        }
    }

    /// Gives jobs back that have waited here for longer than this, for others to run.
    ///
    /// - Returns: Whether there were any, and when the next one will have waited for so long.
    func giveBack(after wait: Duration) -> (hasAny: Bool, next: Duration?) {
        let now = ContinuousClock.now
        return state.withLock { state in
            // The oldest are last.
            let count = state.ready.reversed().prefix { now - $0.since >= wait }.count
            giveBack(count, &state)
            return (count > 0, state.ready.last.map { wait - (now - $0.since) })
        }
    }

    private func giveBack(_ count: Int, _ state: inout State) {
        for ready in state.ready.suffix(count) {
            if countsQueues { state.countByQueue[ready.job.queue, default: 1] -= 1 }
            state.ended.append(EndedAttempt(job: ready.job, end: .interrupted, duration: nil))
        }
        state.ready.removeLast(count)
    }

    /// The attempts that the table does not know to have begun: those that run, and those that would if it did.
    var toNote: [ClaimedJob] {
        state.withLock { state in
            guard state.isStarting else { return [] }
            let running = state.running.values.filter { !$0.isNoted && !$0.attempt.state.isCompleting }
            let next = state.ready.suffix(max(concurrency - state.running.count, 0))
            return running.map(\.attempt.job) + next.map(\.job).filter(\.waitsForNote)
        }
    }

    /// The table knows of these now.
    func noted(_ jobs: [ClaimedJob]) {
        guard !jobs.isEmpty else { return }
        let tokens = Dictionary(jobs.map { ($0.id, $0.token) }) { first, _ in first }
        state.withLock { state in
            for (id, token) in tokens where state.running[id]?.token == token { state.running[id]?.isNoted = true }
            for index in state.ready.indices.suffix(concurrency)
            where tokens[state.ready[index].job.id] == state.ready[index].job.token {
                state.ready[index].job.isNoted = true
            }
            startReady(&state)
        }
    }

    /// The attempts that run, and the jobs that wait, with their tokens: those that the table should know as running.
    var tokens: [JobID: Int64] {
        state.withLock { state in
            var tokens = state.running.filter { !$0.value.isLost && !$0.value.attempt.state.isCompleting }
                .mapValues(\.token)
            for ready in state.ready { tokens[ready.job.id] = ready.job.token }
            return tokens
        }
    }

    /// The attempts that run.
    var attempts: [Attempt] { state.withLock { $0.running.values.map(\.attempt) } }

    /// Whether the attempt still runs.
    func isRunning(_ job: ClaimedJob) -> Bool { state.withLock { $0.running[job.id]?.token == job.token } }

    func cancelAll() {
        let tasks = state.withLock { $0.running.values.map(\.task) }
        for task in tasks { task.cancel() }
    }

    /// Cancels those of `known` that the table no longer gives this worker.
    ///
    /// - Returns: The attempts that were cancelled.
    func cancelAll(of known: [JobID: Int64], except current: [JobID: Int64]) -> [Attempt] {
        let lost = known.filter { current[$0.key] != $0.value }
        guard !lost.isEmpty else { return [] }
        let cancelled = state.withLock { state -> [Running] in
            for ready in state.ready where lost[ready.job.id] == ready.job.token && countsQueues {
                state.countByQueue[ready.job.queue, default: 1] -= 1
            }
            state.ready.removeAll { lost[$0.job.id] == $0.job.token }
            return lost.compactMap { id, token in
                // One that began to complete its job after the tokens were taken is not lost.
                guard let running = state.running[id], running.token == token,
                    !running.attempt.state.isCompleting
                else { return nil }
                state.running[id]?.isLost = true
                return running
            }
        }
        for running in cancelled { running.task.cancel() }
        return cancelled.map(\.attempt)
    }
}
