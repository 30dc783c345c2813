import CLiteStackSQLite

/// A lock with a condition to wait for, on the monotonic clock. For LiteDB's own threads.
///
/// `@unchecked Sendable`: the two pointers are set once, and POSIX makes the calls on them thread-safe.
final class Monitor: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        #if canImport(Darwin)
        pthread_cond_init(condition, nil)
        #else
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
        #endif
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    @inline(__always)
    func withLock<Result>(_ body: () throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }

    /// Waits for a signal; the lock must be held, and is free meanwhile.
    func wait() {
        pthread_cond_wait(condition, mutex)
    }

    /// Waits for a signal until `deadline`; false if it came first.
    func wait(until deadline: MonotonicTime) -> Bool {
        #if canImport(Darwin)
        let rest = deadline.nanoseconds &- min(deadline.nanoseconds, MonotonicTime.now.nanoseconds)
        var time = timespec(tv_sec: Int(rest / 1_000_000_000), tv_nsec: Int(rest % 1_000_000_000))
        return pthread_cond_timedwait_relative_np(condition, mutex, &time) == 0
        #else
        let whole = min(deadline.nanoseconds, UInt64(Int64.max))
        var time = timespec(tv_sec: Int(whole / 1_000_000_000), tv_nsec: Int(whole % 1_000_000_000))
        return pthread_cond_timedwait(condition, mutex, &time) == 0
        #endif
    }

    func signal() {
        pthread_cond_signal(condition)
    }

    func broadcast() {
        pthread_cond_broadcast(condition)
    }
}
