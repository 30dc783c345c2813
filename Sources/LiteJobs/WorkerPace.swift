import LiteDB
import Synchronization

/// What a worker's loop remembers from one turn to the next.
final class WorkerPace: Sendable {
    /// How much work is claimed ahead: as much as was done in this time.
    private static let ahead = Duration.milliseconds(10)
    private static let maximumPrefetchCount = 512
    private static let gaugeInterval = Duration.seconds(15)

    private struct State {
        var planner: ClaimPlanner?
        var mayHaveMore = true
        var windowStart = ContinuousClock.now
        var windowCount = 0
        var prefetchCount = 0
        var timers: [Int64] = []
        var lastLook: ContinuousClock.Instant?
        var isLookPlanned = false
        var isGivingBackPlanned = false
        var lastGauge: ContinuousClock.Instant?
        var isBusy = true
        /// The timer that counts, and whether it is a slow one; nil while none runs.
        var housekeeping: (number: Int, isSlow: Bool)?
        var lastHousekeeping = 0
        /// The slow timer that still sleeps, whether it counts or a quick one has overtaken it.
        var sleepingSlow: Int?
    }

    private let state = Mutex(State())

    /// Whether the last claim was full, so that the next needs no look before.
    var mayHaveMore: Bool {
        get { state.withLock { $0.mayHaveMore } }
        set { state.withLock { $0.mayHaveMore = newValue } }
    }

    /// How many jobs to claim beyond those that can run now: nothing where jobs take long.
    var prefetchCount: Int { state.withLock { $0.prefetchCount } }

    /// Learns how fast jobs end.
    func count(_ endedCount: Int) {
        let now = ContinuousClock.now
        state.withLock { state in
            state.windowCount += endedCount
            let passed = now - state.windowStart
            guard passed >= .milliseconds(1) else { return }
            let count = Double(state.windowCount) * (Self.ahead / passed)
            state.prefetchCount = min(Int(count), Self.maximumPrefetchCount)
            if passed >= Self.ahead {
                state.windowStart = now
                state.windowCount = 0
            }
        }
    }

    /// Jobs had to be given back: those that run take long.
    func stopPrefetching() {
        state.withLock { state in
            state.prefetchCount = 0
            state.windowStart = .now
            state.windowCount = 0
        }
    }

    /// Whether to start the timer that gives jobs back; there is one at most.
    func plansGivingBack() -> Bool {
        state.withLock { state in
            defer { state.isGivingBackPlanned = true }
            return !state.isGivingBackPlanned
        }
    }

    func givingBackIsDue() {
        state.withLock { $0.isGivingBackPlanned = false }
    }

    func plan(
        _ limit: Int, startCount: Int, for worker: Worker, claimed: [String: Int], ageing: Duration?, at now: Int64
    ) -> ClaimPlan? {
        state.withLock { state in
            var planner = state.planner ?? ClaimPlanner(queues: worker.queues, order: worker.order)
            defer { state.planner = planner }
            return planner.plan(limit, startCount: startCount, claimed: claimed, ageing: ageing, at: now)
        }
    }

    /// How long to sleep until a time; nil if that is after the limit, or somebody sleeps until then. Tell `timerFired`.
    func newTimer(_ time: Int64, at now: Int64, limit: Duration) -> (number: Int64, wait: Duration)? {
        let wait = max(time - now, 1)
        guard wait < limit.wholeMilliseconds else { return nil }
        return state.withLock { state in
            state.timers.removeAll { $0 <= now }
            guard !state.timers.contains(max(time, now + 1)) else { return nil }
            state.timers.append(max(time, now + 1))
            return (max(time, now + 1), .milliseconds(wait))
        }
    }

    /// The time may be ahead still, if the clock was put back: then there is no timer for it any more.
    func timerFired(_ number: Int64) {
        state.withLock { state in
            if let index = state.timers.firstIndex(of: number) { state.timers.remove(at: index) }
        }
    }

    // MARK: Housekeeping

    /// So many times longer are the pauses of an idle worker.
    private static let idleFactor = 30

    /// Whether anything runs, here or in another worker.
    var isBusy: Bool {
        get { state.withLock { $0.isBusy } }
        set { state.withLock { $0.isBusy = newValue } }
    }

    /// The time to the next housekeeping.
    func interval(_ busy: Duration) -> Duration { isBusy ? busy : busy * Self.idleFactor }

    /// A timer to start; nil if one runs that is quick enough.
    ///
    /// A slow one that was overtaken sleeps on, and counts again when a slow one is wanted: else each change between
    /// busy and idle would leave one behind, and the processor would wake for each of them.
    ///
    /// - Parameter isDue: The one that ran has ended.
    func newHousekeeping(_ busy: Duration, isDue: Bool) -> (number: Int, duration: Duration)? {
        state.withLock { state in
            if isDue { state.housekeeping = nil }
            if let running = state.housekeeping, !running.isSlow || !state.isBusy { return nil }
            let isSlow = !state.isBusy
            if isSlow, let sleeping = state.sleepingSlow {
                state.housekeeping = (sleeping, true)
                return nil
            }
            state.lastHousekeeping += 1
            state.housekeeping = (state.lastHousekeeping, isSlow)
            if isSlow { state.sleepingSlow = state.lastHousekeeping }
            return (state.lastHousekeeping, isSlow ? busy * Self.idleFactor : busy)
        }
    }

    /// A timer has fired.
    ///
    /// - Returns: Whether it counts: a slow one that a quick one has overtaken says nothing.
    func housekeepingFired(_ number: Int) -> Bool {
        state.withLock { state in
            if state.sleepingSlow == number { state.sleepingSlow = nil }
            return state.housekeeping?.number == number
        }
    }

    /// When to look at the table.
    enum Look {
        case now
        case later(Duration)
        case soonAlready
    }

    func look(every interval: Duration, isForced: Bool) -> Look {
        let now = ContinuousClock.now
        return state.withLock { state in
            let passed = state.lastLook.map { now - $0 } ?? interval
            if isForced || passed >= interval {
                state.lastLook = now
                state.isLookPlanned = false
                return .now
            }
            guard !state.isLookPlanned else { return .soonAlready }
            state.isLookPlanned = true
            return .later(interval - passed)
        }
    }

    func isGaugeDue() -> Bool {
        let now = ContinuousClock.now
        return state.withLock { state in
            if let last = state.lastGauge, now - last < Self.gaugeInterval { return false }
            state.lastGauge = now
            return true
        }
    }
}
