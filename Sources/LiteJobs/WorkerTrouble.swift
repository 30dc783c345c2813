import LiteDB
import Synchronization

/// What a worker remembers while its queue cannot be written, because the disk is full or others hold the file.
///
/// It tries again by one timer at a time, first after 100 ms and then more seldom, up to a second. It says so once, and
/// once more when something could be written again.
final class WorkerTrouble: Sendable {
    private static let firstWait = Duration.milliseconds(100)
    private static let longestWait = Duration.seconds(1)
    /// How often a worker that stops tries to record what it has done: for some 12 s.
    private static let lastTryCount = 15

    private struct State {
        /// Of the last failed write; nil if none has failed since one went through.
        var code: DatabaseError.Code?
        var wait = WorkerTrouble.firstWait
        var isWaiting = false
        var lastTryCount = 0
    }

    private let state = Mutex(State())

    /// Whether a timer runs that lets the worker try again.
    var isWaiting: Bool { state.withLock { $0.isWaiting } }

    /// A write has failed, and nothing was written.
    ///
    /// - Returns: Whether to say so, and after which time to try again; nil if a timer runs that does.
    func failed(_ code: DatabaseError.Code?) -> (isNew: Bool, wait: Duration?) {
        state.withLock { state in
            let isNew = state.code == nil || state.code != code
            state.code = code
            guard !state.isWaiting else { return (isNew, nil) }
            state.isWaiting = true
            defer { state.wait = min(state.wait * 2, Self.longestWait) }
            return (isNew, state.wait)
        }
    }

    /// The timer has fired.
    func retryIsDue() {
        state.withLock { $0.isWaiting = false }
    }

    /// A write went through.
    ///
    /// - Returns: Whether to say so, after one that failed.
    func worked() -> Bool {
        state.withLock { state in
            defer {
                state.code = nil
                state.wait = Self.firstWait
            }
            return state.code != nil
        }
    }

    /// Whether a worker that stops tries once more to record what it has done.
    func mayTryOnceMore() -> Bool {
        state.withLock { state in
            state.lastTryCount += 1
            return state.lastTryCount < Self.lastTryCount
        }
    }
}
