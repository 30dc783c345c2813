import Synchronization

/// The attempts that a worker runs, each a task of its own that can be cancelled alone.
final class RunningAttempts: Sendable {
    private struct Attempt {
        let token: Int64
        let task: Task<Void, any Error>
    }

    private let attempts = Mutex<[JobID: Attempt]>([:])

    var count: Int { attempts.withLock { $0.count } }

    func insert(_ job: ClaimedJob, _ task: Task<Void, any Error>) {
        attempts.withLock { $0[job.id] = Attempt(token: job.token, task: task) }
    }

    func remove(_ job: ClaimedJob) {
        attempts.withLock { attempts in
            if attempts[job.id]?.token == job.token { attempts[job.id] = nil }
        }
    }

    /// The attempts as they are now, for ``cancelAll(except:of:)``.
    var tokens: [JobID: Int64] { attempts.withLock { $0.mapValues(\.token) } }

    func cancelAll() {
        let tasks = attempts.withLock { $0.values.map(\.task) }
        for task in tasks { task.cancel() }
    }

    /// Cancels those of `known` that the table no longer gives this worker.
    func cancelAll(of known: [JobID: Int64], except current: [JobID: Int64]) {
        let tasks = attempts.withLock { attempts in
            known.compactMap { id, token -> Task<Void, any Error>? in
                guard current[id] != token, let attempt = attempts[id], attempt.token == token else { return nil }
                return attempt.task
            }
        }
        for task in tasks { task.cancel() }
    }
}
