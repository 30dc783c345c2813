/// The threads for long reads, so that they do not hold one of Swift's cooperative pool.
///
/// `@unchecked Sendable`: everything is guarded by the monitor.
final class ScanPool: @unchecked Sendable {
    private static let threadLimit = 4

    private let monitor = Monitor()
    private var waiting: [@Sendable () -> Void] = []
    private var threads: [WorkerThread] = []
    private var idleCount = 0
    private var isStopping = false

    /// Runs a body on one of the threads; false if the pool was stopped.
    func run(_ body: @escaping @Sendable () -> Void) -> Bool {
        monitor.withLock {
            guard !isStopping else { return false }
            waiting.append(body)
            if idleCount < waiting.count, threads.count < Self.threadLimit {
                threads.append(WorkerThread(name: "litedb-scan") { [self] in loop() })
            }
            monitor.signal()
            return true
        }
    }

    /// Finishes what was started or waits, then ends the threads. Blocks.
    func stop() {
        let running = monitor.withLock {
            isStopping = true
            monitor.broadcast()
            return threads
        }
        for thread in running { thread.join() }
        monitor.withLock { threads = [] }
    }

    private func loop() {
        while let body = next() { body() }
    }

    private func next() -> (@Sendable () -> Void)? {
        monitor.withLock {
            idleCount += 1
            defer { idleCount -= 1 }
            while waiting.isEmpty {
                if isStopping { return nil }
                monitor.wait()
            }
            return waiting.removeFirst()
        }
    }
}
