/// One outcome that a thread waits for.
///
/// `@unchecked Sendable`: the outcome is guarded by the monitor.
final class BlockingAnswer: @unchecked Sendable {
    private let monitor = Monitor()
    private var isGiven = false
    private var error: (any Error)?

    func give(_ error: (any Error)?) {
        monitor.withLock {
            self.error = error
            isGiven = true
            monitor.signal()
        }
    }

    /// Waits for the outcome, and throws if it is an error.
    func wait() throws {
        let error = monitor.withLock {
            while !isGiven { monitor.wait() }
            return self.error
        }
        if let error { throw error }
    }
}
