import LiteDB

/// A change that waits in the queue, and its caller.
///
/// `@unchecked Sendable`: the lock of the queue guards it until a leader has taken it; from then on it is the leader's, until
/// the caller goes on.
final class WaitingChange: @unchecked Sendable {
    /// What a caller that waited does next.
    enum Turn {
        /// The result is there.
        case finished
        /// Lead the next transaction.
        case lead
    }

    let change: CacheChange
    let deadline: MonotonicTime
    /// Nil before it waits, and for the leader.
    var waiter: UnsafeContinuation<Turn, Never>?
    var result: Result<CacheChange.Outcome, any Error>?
    var isCancelled = false

    init(_ change: CacheChange, until deadline: MonotonicTime) {
        self.change = change
        self.deadline = deadline
    }
}
