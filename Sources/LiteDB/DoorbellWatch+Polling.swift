#if !os(Linux)
#if canImport(Darwin)
import Darwin
#endif

/// Where there is no inotify: a wait that looks often, since only the header tells of other processes' commits.
final class DoorbellWatch: Sendable {
    private let monitor = Monitor()

    let isAvailable = false

    func add(_ path: String) -> Int32? { nil }

    func remove(_ watch: Int32) {}

    func wake() {
        monitor.withLock { monitor.signal() }
    }

    func wait(until deadline: MonotonicTime) -> Events {
        monitor.withLock {
            _ = monitor.wait(until: min(deadline, MonotonicTime.now + .milliseconds(5)))
        }
        return Events(isPolled: true)
    }
}
#endif
