import LiteDB
import Logging

/// The life of one worker: one loop that records and claims, and a task for each attempt.
///
/// Ends that came while the last commit was under way are recorded together with the next claim, in one transaction.
/// A claim alone is not made durable: if the power goes, the job is as it was before.
///
/// Its own task is never cancelled; ``WorkerControl`` tells it to stop.
struct WorkerLoop: Sendable {
    let worker: Worker
    let control: WorkerControl
    let pool: AttemptPool
    /// Ends when nothing is left to do, instead of waiting for more.
    let endsWhenIdle: Bool
    let pace = WorkerPace()
    let trouble = WorkerTrouble()

    var jobs: JobQueue { worker.jobs }
    var configuration: JobQueue.Configuration { jobs.configuration }

    init(worker: Worker, control: WorkerControl, endsWhenIdle: Bool = false) {
        self.worker = worker
        self.control = control
        self.endsWhenIdle = endsWhenIdle
        let (jobs, handlers) = (worker.jobs, worker.handlers.byKind)
        let watch = AttemptWatch(jobs: jobs)
        pool = AttemptPool(
            concurrency: worker.concurrency, countsQueues: worker.queues.contains { $0.concurrency != nil },
            makeAttempt: { job in
                guard let handler = handlers[job.kind] else {
                    preconditionFailure("a job of an unknown kind was claimed")
                }
                return Attempt(job: job, handler: handler, jobs: jobs, control: control)
            },
            onStart: { attempt, task in
                jobs.tellStart(of: attempt.job)
                return handlers[attempt.job.kind]?.timeout.map { watch.start(attempt, task, timeout: $0) }
            },
            onEnd: { control.wake() })
    }

    func run() async throws {
        guard let registration = try await register() else { return }
        let rescuer = Rescuer(jobs: jobs)
        let result = await withDiscardingTaskGroup { group -> Result<Void, any Error> in
            group.addTask { await watchCommits() }
            let result: Result<Void, any Error>
            do {
                try await work(registration, rescuer, &group)
                result = .success(())
            } catch is AbandonedWorker {
                group.cancelAll()
                registration.abandon()
                return .success(())
            } catch {
                result = .failure(error)
                control.enter(.cancelling)
            }
            await drain(registration, &group)
            group.cancelAll()
            return result
        }
        await registration.end()
        try result.get()
    }

    /// Registers the worker, trying again while the disk is full or the database busy; nil if it is told to stop.
    private func register() async throws -> WorkerRegistration? {
        while control.phase == .running {
            do {
                let registration = try await WorkerRegistration.make(for: worker)
                isWorking()
                return registration
            } catch let error where error.isTransient {
                await rest(for: note(error) ?? .seconds(1))
                trouble.retryIsDue()
            }
        }
        return nil
    }

    /// Takes jobs until it is told to stop.
    private func work(
        _ registration: WorkerRegistration, _ rescuer: Rescuer, _ group: inout DiscardingTaskGroup
    ) async throws {
        while true {
            let events = await control.next()
            guard control.phase == .running else { return }
            if events.isDatabaseClosed { throw databaseClosed() }
            do {
                if events.isHousekeepingDue {
                    // Armed first: it comes again also if this one fails.
                    armHousekeeping(&group, isDue: true)
                    try await keepHouse(registration, rescuer, &group)
                }
                try cancelLostAttempts(registration, isForced: events.isHousekeepingDue, &group)
                try await turn(registration, &group)
                try hurryIfBusy(&group)
                if endsWhenIdle, pool.isEmpty, try !hasWork() { return }
            } catch let error where error.isTransient {
                tryAgain(after: error, &group)
            }
        }
    }

    private func keepHouse(
        _ registration: WorkerRegistration, _ rescuer: Rescuer, _ group: inout DiscardingTaskGroup
    ) async throws {
        try registration.check()
        try await rescuer.look(except: registration.id)
        try rescuer.tidy()
        try rescuer.warnOfParked()
        let isResuming = try await jobs.resumeSome()
        if try await rescuer.prune() || isResuming {
            let (clock, control) = (configuration.clock, control)
            group.addTask {
                if (try? await clock.sleep(for: Rescuer.pruneDelay)) != nil { control.housekeepingIsDue() }
            }
        }
        try await jobs.fireSchedules()
        for attempt in pool.attempts {
            if let report = attempt.state.takeKeptReport() { try await jobs.write(report, of: attempt.job) }
        }
        if jobs.metrics.isEnabled, pace.isGaugeDue() { jobs.metrics.record(try await jobs.statistics()) }
    }

    /// Waits for what runs, and cancels it when the grace is over.
    private func drain(_ registration: WorkerRegistration, _ group: inout DiscardingTaskGroup) async {
        let (clock, grace, control) = (configuration.attemptClock, configuration.shutdownGrace, control)
        pool.stopStarting()
        if pool.runningCount > 0, control.phase < .cancelling, !endsWhenIdle {
            group.addTask {
                // Cancelled when everything ended in time.
                if (try? await clock.sleep(for: grace)) != nil { control.enter(.cancelling) }
            }
        }
        var isReported = false
        while true {
            if control.phase == .cancelling {
                pool.cancelAll()
                if !isReported { reportStuck(&group) }
                isReported = true
            }
            if await recordLast(registration, &group), pool.isEmpty { return }
            // A look that fails is made up for by the next; what runs on records nothing.
            try? cancelLostAttempts(registration, isForced: false, &group)
            let events = await control.next()
            // A worker that drains for long must not be taken for dead because somebody emptied the folder.
            if events.isHousekeepingDue {
                registration.keepLock()
                armHousekeeping(&group, isDue: true)
            }
        }
    }

    /// Records what has ended, trying again for some seconds while the disk is full or the database busy.
    ///
    /// - Returns: False if something is left, for the next try.
    private func recordLast(_ registration: WorkerRegistration, _ group: inout DiscardingTaskGroup) async -> Bool {
        // Each attempt that ends comes by here: that must not use the tries up.
        if trouble.isWaiting { return false }
        let ended = pool.takeEnded()
        guard !ended.isEmpty else { return true }
        do {
            let recorded = try await registration.turn(ended, nil).recorded
            isWorking()
            for (attempt, isRecorded) in zip(ended, recorded) { jobs.tell(attempt, isRecorded: isRecorded) }
            return true
        } catch let error where error.isTransient && trouble.mayTryOnceMore() {
            pool.putBack(ended)
            tryAgain(after: error, &group)
            return false
        } catch {
            jobs.logger.error(
                "Outcomes could not be recorded; the jobs run again when this worker has ended",
                metadata: ["error": "\(error)", "jobs": "\(ended.count)"])
            return true
        }
    }

    private func reportStuck(_ group: inout DiscardingTaskGroup) {
        let (pool, watch) = (pool, AttemptWatch(jobs: jobs))
        for attempt in pool.attempts {
            group.addTask { await watch.reportIfStuck(attempt) { pool.isRunning(attempt.job) } }
        }
    }

    private func watchCommits() async {
        for await _ in jobs.database.changes(in: ["lite_jobs", "lite_job_pauses", "lite_job_schedules"]) {
            control.wake()
        }
        if !Task.isCancelled { control.databaseWasClosed() }
    }

    /// Lets the next housekeeping come: soon while anything runs anywhere, since only then there is something to rescue.
    private func armHousekeeping(_ group: inout DiscardingTaskGroup, isDue: Bool) {
        guard let wait = pace.newHousekeeping(configuration.housekeepingInterval, isDue: isDue) else { return }
        let (clock, control, pace) = (configuration.clock, control, pace)
        group.addTask {
            if (try? await clock.sleep(for: wait.duration)) != nil, pace.housekeepingFired(wait.number) {
                control.housekeepingIsDue()
            }
        }
    }

    /// Looks whether anything runs in another worker, or here. Its claim was a commit, which woke this worker.
    private func hurryIfBusy(_ group: inout DiscardingTaskGroup) throws {
        let store = jobs.store
        let isBusy = try jobs.database.read { snapshot in try store.isAnyRunning(in: snapshot) }
        pace.isBusy = isBusy
        if isBusy { armHousekeeping(&group, isDue: false) }
    }

    private func databaseClosed() -> DatabaseError {
        DatabaseError(.closed, "Running a worker on \(jobs.database.path): the database was closed. Stop workers first")
    }
}

/// A test has let the worker die.
package struct AbandonedWorker: Error {
    package init() {}
}
