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
        var completingCount = 0
        var isTimedOut = false
        /// Waits to hear whether the write that completes the job failed.
        var timeout: UnsafeContinuation<Bool, Never>?
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

    /// Whether the handler completes the job itself just now, or has done so: the table may say that the job is over,
    /// and the attempt is not lost for that.
    var isCompleting: Bool { state.withLock { $0.isCompleted || $0.completingCount > 0 } }

    /// Runs the write that completes the job.
    func complete<T: Sendable>(_ write: () async throws -> T) async throws -> T {
        state.withLock { $0.completingCount += 1 }
        do {
            let value = try await write()
            let timeout = state.withLock { state in
                state.isCompleted = true
                state.completingCount -= 1
                defer { state.timeout = nil }
                return state.timeout
            }
            timeout?.resume(returning: false)
            return value
        } catch {
            let timeout = state.withLock { state -> UnsafeContinuation<Bool, Never>? in
                state.completingCount -= 1
                guard state.completingCount == 0, !state.isCompleted, let timeout = state.timeout else { return nil }
                state.isTimedOut = true
                state.timeout = nil
                return timeout
            }
            timeout?.resume(returning: true)
            // It may have been lost meanwhile, and was passed over then.
            control.wake()
            throw error
        }
    }

    /// Whether the attempt was cancelled because it took too long.
    var isTimedOut: Bool { state.withLock { $0.isTimedOut } }

    /// Says that the attempt has taken too long. While the handler completes its job, it waits for that: the write may
    /// be committed already.
    ///
    /// - Returns: False if the job is completed; what the handler does now is its own affair.
    func timeOut() async -> Bool {
        await withUnsafeContinuation { continuation in
            let answer = state.withLock { state -> Bool? in
                if state.isCompleted { return false }
                if state.completingCount > 0 {
                    state.timeout = continuation
                    return nil
                }
                state.isTimedOut = true
                return true
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// Whether a timeout waits for the end of a completion.
    var hasWaitingTimeout: Bool { state.withLock { $0.timeout != nil } }

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
