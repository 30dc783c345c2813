import LiteDB
import Logging

/// The life of one worker: one loop that claims, and a task for each attempt.
///
/// Its own task is never cancelled; ``WorkerControl`` tells it to stop.
struct WorkerLoop: Sendable {
    let worker: Worker
    let control: WorkerControl
    let attempts = RunningAttempts()

    var jobs: JobQueue { worker.jobs }
    private var configuration: JobQueue.Configuration { jobs.configuration }

    func run() async throws {
        let registration = try await WorkerRegistration.make(for: jobs)
        let rescuer = Rescuer(jobs: jobs)
        let result = await withTaskGroup(of: Void.self) { group -> Result<Void, any Error> in
            group.addTask { await watchCommits() }
            group.addTask { await keepTime() }
            let result: Result<Void, any Error>
            do {
                try await work(registration, rescuer, &group)
                result = .success(())
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

    /// Takes jobs until it is told to stop.
    private func work(
        _ registration: WorkerRegistration, _ rescuer: Rescuer, _ group: inout TaskGroup<Void>
    ) async throws {
        while true {
            let events = await control.next()
            guard control.phase == .running else { return }
            if events.isDatabaseClosed { throw databaseClosed() }
            do {
                if events.isHousekeepingDue {
                    try await registration.check()
                    try await rescuer.look(except: registration.id)
                    try await rescuer.prune()
                }
                try cancelLostAttempts(registration)
                try await claim(registration, &group)
            } catch let error where error.isTransient {
                // Nothing was written; the next housekeeping tries again.
                jobs.logger.warning("A worker could not reach its queue", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Waits for what runs, and cancels it when the grace is over.
    private func drain(_ registration: WorkerRegistration, _ group: inout TaskGroup<Void>) async {
        let (clock, grace, control) = (configuration.clock, configuration.shutdownGrace, control)
        if attempts.count > 0, control.phase < .cancelling {
            group.addTask {
                // Cancelled when everything ended in time.
                if (try? await clock.sleep(for: grace)) != nil { control.enter(.cancelling) }
            }
        }
        while attempts.count > 0 {
            if control.phase == .cancelling { attempts.cancelAll() }
            let events = await control.next()
            // A worker that drains for long must not be taken for dead because somebody emptied the folder.
            if events.isHousekeepingDue { registration.keepLock() }
        }
    }

    private func claim(_ registration: WorkerRegistration, _ group: inout TaskGroup<Void>) async throws {
        while control.phase == .running {
            let free = worker.concurrency - attempts.count
            guard free > 0 else { return }
            let (store, queues, kinds) = (jobs.store, worker.queues, worker.handlers.kinds)
            let now = jobs.clock.milliseconds()
            let (hasWork, nextDue) = try jobs.database.read { snapshot in
                let hasWork = try store.hasWork(in: queues, kinds: kinds, at: now, in: snapshot)
                return (hasWork, hasWork ? nil : try store.nextDue(in: snapshot))
            }
            guard hasWork else {
                if let nextDue { wake(after: .milliseconds(nextDue - now), &group) }
                return
            }
            guard let claimed = try await registration.claim(queues: queues, kinds: kinds, limit: free) else {
                continue
            }
            for job in claimed { start(job, &group) }
            if claimed.isEmpty { return }
        }
    }

    private func start(_ job: ClaimedJob, _ group: inout TaskGroup<Void>) {
        guard let handler = worker.handlers.byKind[job.kind] else { return }  // only known kinds are claimed
        let attempt = Attempt(job: job, handler: handler, jobs: jobs, control: control)
        let task = Task { try await attempt.perform() }
        attempts.insert(job, task)
        group.addTask {
            await attempt.record(await task.result)
            attempts.remove(job)
            control.wake()
        }
    }

    /// Wakes the loop when the next job is due, if that is before the next housekeeping.
    private func wake(after wait: Duration, _ group: inout TaskGroup<Void>) {
        guard wait < configuration.housekeepingInterval else { return }
        let (clock, control) = (configuration.clock, control)
        group.addTask {
            if (try? await clock.sleep(for: max(wait, .milliseconds(1)))) != nil { control.wake() }
        }
    }

    /// Cancels what was cancelled in the table, or given to others.
    private func cancelLostAttempts(_ registration: WorkerRegistration) throws {
        let known = attempts.tokens
        guard !known.isEmpty else { return }
        let (store, id) = (jobs.store, registration.id)
        let current = try jobs.database.read { snapshot in try store.running(for: id, in: snapshot) }
        attempts.cancelAll(of: known, except: current)
    }

    private func watchCommits() async {
        for await _ in jobs.database.changes(in: ["lite_jobs"]) { control.wake() }
        if !Task.isCancelled { control.databaseWasClosed() }
    }

    private func keepTime() async {
        while (try? await configuration.clock.sleep(for: configuration.housekeepingInterval)) != nil {
            control.housekeepingIsDue()
        }
    }

    private func databaseClosed() -> DatabaseError {
        DatabaseError(.closed, "Running a worker on \(jobs.database.path): the database was closed. Stop workers first")
    }
}
