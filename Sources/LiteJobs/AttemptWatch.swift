import Logging

/// Ends attempts that take too long, and reports those that do not stop.
struct AttemptWatch: Sendable {
    let jobs: JobQueue

    /// Watches an attempt with a timeout. Cancel the task when the attempt has ended.
    func start(_ attempt: Attempt, _ task: Task<Void, Never>, timeout: Duration) -> Task<Void, Never> {
        let clock = jobs.configuration.attemptClock
        return Task {
            // Cancelled because the attempt ended in time.
            guard (try? await clock.sleep(for: timeout)) != nil else { return }
            guard await attempt.state.timeOut() else { return }
            task.cancel()
            jobs.log(attempt.job, .warning, "A job took longer than its timeout and was cancelled")
            jobs.hub.tell(attempt.job.id, attempt.job.kind, .timedOut)
            await reportIfStuck(attempt) { !Task.isCancelled }
        }
    }

    /// Reports an attempt that goes on although it was cancelled.
    func reportIfStuck(_ attempt: Attempt, isRunning: () -> Bool) async {
        // Cancelled because it ended.
        guard (try? await jobs.configuration.attemptClock.sleep(for: jobs.configuration.stuckAfter)) != nil else {
            return
        }
        guard isRunning() else { return }
        jobs.log(attempt.job, .error, "A job does not stop although it was cancelled; its slot is lost until it does")
        jobs.hub.tell(attempt.job.id, attempt.job.kind, .stuck)
    }
}
