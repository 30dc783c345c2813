import LiteDB
import Logging

/// What the loop does while nothing can be written, and when it rests.
extension WorkerLoop {
    /// Wakes the loop after a while: nothing was written, and nothing else may wake it.
    func tryAgain(after error: any Error, _ group: inout DiscardingTaskGroup) {
        guard let wait = note(error) else { return }
        let (control, trouble) = (control, trouble)
        wake(after: wait, &group) {
            trouble.retryIsDue()
            control.wake()
        }
    }

    /// Says once that nothing can be written.
    ///
    /// - Returns: When to try again; nil if that is planned already.
    func note(_ error: any Error) -> Duration? {
        let (isNew, wait) = trouble.failed((error as? DatabaseError)?.code)
        if isNew {
            jobs.logger.warning(
                "A worker cannot write to its queue; it tries again until it can", metadata: ["error": "\(error)"])
        }
        return wait
    }

    /// Says that it works again, if it did not. Call it after each write that went through.
    func isWorking() {
        if trouble.worked() { jobs.logger.notice("A worker can write to its queue again") }
    }

    /// Calls `body` after a rest, unless the worker stops before.
    ///
    /// By the machine's time and not by `configuration.clock`: these rests spare the processor and the file, and are no
    /// part of when a job is due. A test that lets the queue's time stand still must not stop them.
    func wake(after rest: Duration, _ group: inout DiscardingTaskGroup, _ body: @escaping @Sendable () -> Void) {
        group.addTask {
            if (try? await Task.sleep(for: rest)) != nil { body() }  // it throws when the worker stops
        }
    }

    /// A rest of the loop itself, by the machine's time for the same reason.
    func rest(for duration: Duration) async {
        try? await Task.sleep(for: duration)  // the loop's task is never cancelled
    }
}
