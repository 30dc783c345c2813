import CLiteStackSQLite
import Synchronization

// The processes of one file rest together: each would otherwise stop the writers of all in its turn. The modification
// time of the lock file that a checkpoint holds says until when. It is a hint: a wrong one costs at most a late checkpoint.

extension Checkpointer {
    /// More than the longest rest: the clock was set back.
    private static let implausible = Duration.seconds(20)

    /// Whether checkpoints of this process rest.
    var isResting: Bool {
        let end = restsUntil.load(ordering: .relaxed)
        return end != 0 && MonotonicTime.now.nanoseconds < end
    }

    /// Whether a rest is left that a checkpoint of any process has agreed on; then this process keeps it too.
    func isRestAgreed(by lock: Int32) -> Bool {
        var info = stat()
        guard lock >= 0, fstat(lock, &info) == 0 else { return false }
        #if canImport(Darwin)
        let end = info.st_mtimespec
        #else
        let end = info.st_mtim
        #endif
        let left = Duration(end) - Duration(Self.wallClock())
        guard left > .zero, left < Self.implausible else { return false }
        restsUntil.store((MonotonicTime.now + left).nanoseconds, ordering: .relaxed)
        return true
    }

    /// Lets the checkpoints of all processes rest.
    func agreeOnRest(_ rest: Duration, by lock: Int32) {
        guard rest > .zero else {
            restsUntil.store(0, ordering: .relaxed)
            return
        }
        restsUntil.store((MonotonicTime.now + rest).nanoseconds, ordering: .relaxed)
        guard lock >= 0 else { return }
        let end = Duration(Self.wallClock()) + rest
        var times = [timespec(end), timespec(end)]
        // A time that cannot be set is a rest that the others do not keep.
        _ = futimens(lock, &times)
    }

    private static func wallClock() -> timespec {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return now
    }
}

extension Duration {
    fileprivate init(_ time: timespec) {
        self = .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}

extension timespec {
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    }
}
