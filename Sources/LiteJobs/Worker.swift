public import ServiceLifecycle

/// Runs jobs of some queues, several at a time.
///
/// `run()` is its life: it takes jobs as they come, gives the jobs of dead workers back, puts the jobs of schedules into
/// their queues, and removes finished ones that are old. A graceful shutdown takes nothing new and lets handlers finish;
/// when ``JobQueue/Configuration/shutdownGrace`` is over they are cancelled, and their jobs go back to the queue with the
/// attempt not counted. Cancelling the task of `run()` does the second part at once. A handler that does not heed its
/// cancellation is waited for, and reported.
///
/// Where jobs are short, some are claimed ahead: what was done in the last 10 ms. They go back at a shutdown, and when they
/// have waited for a tenth of a second behind longer ones; if the process dies, no attempt is counted for them.
public struct Worker: Service {
    let jobs: JobQueue
    let queues: [WorkerQueue]
    let order: WorkerOrder
    let concurrency: Int
    let handlers: JobHandlers

    init(jobs: JobQueue, queues: [WorkerQueue], order: WorkerOrder, concurrency: Int, handlers: JobHandlers) {
        precondition(concurrency >= 1, "a worker needs to run at least one job at a time")
        precondition(!queues.isEmpty, "a worker needs a queue")
        self.jobs = jobs
        self.queues = queues
        self.order = order
        self.concurrency = concurrency
        self.handlers = handlers
    }

    /// Works until it is told to stop. Each call is a worker of its own.
    ///
    /// - Throws: `JobError` with `lockFile`; `DatabaseError` if the database was closed, or reading or writing it fails by
    ///   something else than a full disk or others who write: handlers were cancelled then, and what could be recorded was.
    public func run() async throws {
        try await run(endsWhenIdle: false)
    }

    /// Works until nothing is left that could run now, then returns: for scripts, and for tests.
    ///
    /// Jobs that are scheduled for later, parked or paused stay.
    ///
    /// - Throws: As ``run()``.
    public func runUntilIdle() async throws {
        try await run(endsWhenIdle: true)
    }

    private func run(endsWhenIdle: Bool) async throws {
        let control = WorkerControl()
        // The loop writes down what became of its jobs after its caller was cancelled, so it is not the caller's task.
        let loop = Task {
            try await WorkerLoop(worker: self, control: control, endsWhenIdle: endsWhenIdle).run()
        }
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
