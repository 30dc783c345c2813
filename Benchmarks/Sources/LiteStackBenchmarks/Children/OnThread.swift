import Foundation

/// Runs a body on a thread made for it and waits for its end.
func onThread(_ body: @escaping @Sendable () throws -> Void) throws {
    let ended = DispatchSemaphore(value: 0)
    nonisolated(unsafe) var failure: (any Error)?  // read only after the thread has ended
    Thread.detachNewThread {
        do { try body() } catch { failure = error }
        ended.signal()
    }
    ended.wait()
    if let failure { throw failure }
}
