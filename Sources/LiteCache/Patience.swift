/// When one who waits for another process looks whether that process lives.
///
/// Not after each commit: on a busy file that would be each waiter, at each of others' commits. What wakes it without a
/// commit is a process that left, or its own timer; beside commits it looks when its patience is over.
struct Patience {
    /// The kernel closes a dead process's files one after the other: its doorbell may be closed before its lock is. So the
    /// first looks come soon after one another.
    private(set) var length = Duration.milliseconds(5)
    private var lookedAt: ContinuousClock.Instant?

    /// Whether to look now.
    ///
    /// - Parameter afterCommit: Whether a commit is the reason for being awake.
    mutating func isOver(afterCommit: Bool, at now: ContinuousClock.Instant) -> Bool {
        if afterCommit, let lookedAt, now - lookedAt < length { return false }
        lookedAt = now
        length = min(length * 4, .milliseconds(250))
        return true
    }
}
