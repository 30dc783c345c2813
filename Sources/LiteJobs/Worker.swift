public import ServiceLifecycle

/// Runs jobs of some queues, several at a time.
///
/// `run()` is its life: it takes jobs as they come, gives the jobs of dead workers back, and removes finished ones
/// that are old. A graceful shutdown takes nothing new and lets handlers finish; when
/// ``JobQueue/Configuration/shutdownGrace`` is over they are cancelled, and their jobs go back to the queue with the
/// attempt not counted. Cancelling the task of `run()` does the second part at once. A handler that does not heed its
/// cancellation is waited for.
public struct Worker: Service {
    let jobs: JobQueue
    let queues: [String]
    let concurrency: Int
    let handlers: JobHandlers

    init(jobs: JobQueue, queues: [String], concurrency: Int, handlers: JobHandlers) {
        precondition(concurrency >= 1, "a worker needs to run at least one job at a time")
        self.jobs = jobs
        self.queues = queues
        self.concurrency = concurrency
        self.handlers = handlers
    }

    /// Works until it is told to stop. Each call is a worker of its own.
    ///
    /// - Throws: `JobError` with `lockFile`; `DatabaseError` if the database was closed or fails for good.
    public func run() async throws {
        let control = WorkerControl()
        // The loop writes down what became of its jobs after its caller was cancelled, so it is not the caller's task.
        let loop = Task { try await WorkerLoop(worker: self, control: control).run() }
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await loop.value
            } onGracefulShutdown: {
                control.enter(.draining)
            }
        } onCancel: {
            control.enter(.cancelling)
        }
    }
}
