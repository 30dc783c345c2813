import Synchronization

/// What the worker and the handler of one attempt tell each other.
final class AttemptState: Sendable {
    /// What a handler has reported and is not written yet.
    struct Report: Sendable {
        let progress: Double?
        let message: String?
    }

    private struct State {
        var isCompleted = false
        var isTimedOut = false
        var report: Report?
        var reportedAt: ContinuousClock.Instant?
    }

    private static let reportInterval = Duration.milliseconds(200)

    private let state = Mutex(State())
    private let control: WorkerControl

    init(control: WorkerControl) {
        self.control = control
    }

    var isShuttingDown: Bool { control.phase != .running }

    /// Whether the handler completed the job itself.
    var isCompleted: Bool { state.withLock { $0.isCompleted } }

    func setCompleted() {
        state.withLock { $0.isCompleted = true }
    }

    /// Whether the attempt was cancelled because it took too long.
    var isTimedOut: Bool { state.withLock { $0.isTimedOut } }

    func setTimedOut() {
        state.withLock { $0.isTimedOut = true }
    }

    /// Takes a report; it is given back if it is to be written now, and kept for the next housekeeping otherwise.
    func take(_ report: Report) -> Report? {
        let now = ContinuousClock.now
        return state.withLock { state in
            if let last = state.reportedAt, now - last < Self.reportInterval {
                state.report = report
                return nil
            }
            state.reportedAt = now
            state.report = nil
            return report
        }
    }

    /// The report that was kept.
    func takeKeptReport() -> Report? {
        state.withLock { state in
            defer { state.report = nil }
            return state.report
        }
    }
}
