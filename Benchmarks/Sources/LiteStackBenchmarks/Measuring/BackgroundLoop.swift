import Foundation
import Synchronization

/// A thread that repeats something until it is stopped.
final class BackgroundLoop: Sendable {
    private let isStopping = Atomic<Bool>(false)
    private let ended = DispatchSemaphore(value: 0)

    func start(_ body: @escaping @Sendable () -> Void) {
        Thread.detachNewThread { [self] in
            while !isStopping.load(ordering: .relaxed) { body() }
            ended.signal()
        }
    }

    /// Waits for the end of the thread.
    func stop() {
        isStopping.store(true, ordering: .relaxed)
        ended.wait()
    }
}
