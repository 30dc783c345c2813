import LiteDB
import Logging

extension WorkerLoop {
    /// Between two looks whether attempts were cancelled in the table.
    private static let lookInterval = Duration.milliseconds(5)
    /// How long jobs that were claimed ahead wait here before they go back.
    private static let readyLimit = Duration.milliseconds(100)

    /// What a worker can do about new jobs.
    private enum Claim {
        /// Claim some.
        case some(ClaimPlan)
        /// Nothing until one of its own ends: it has as many as it may.
        case noRoom
        /// Nothing: there are none, or it stops.
        case none
    }

    /// Records what has ended and claims what is free to run, until there is neither.
    func turn(_ registration: WorkerRegistration, _ group: inout DiscardingTaskGroup) async throws {
        while true {
            giveBack(&group)
            let ended = pool.takeEnded()
            pace.count(ended.count(where: \.hasBegun))
            let begun = pool.toNote
            var (plan, hasRoom): (ClaimPlan?, Bool) = (nil, true)
            do {
                switch try nextClaim(hasEnded: !ended.isEmpty) {
                case .some(let next): plan = next
                case .noRoom: hasRoom = false
                case .none: break
                }
            } catch {
                pool.putBack(ended)
                throw error
            }
            guard !ended.isEmpty || !begun.isEmpty || plan != nil else {
                return try wakeWhenDue(hasRoom: hasRoom, &group)
            }
            let result: WorkerRegistration.Turn
            do {
                result = try await registration.turn(ended, begun: begun, plan)
            } catch {
                pool.putBack(ended)
                throw error
            }
            isWorking()
            pool.noted(begun)
            pool.add(result.claimed)
            for (attempt, isRecorded) in zip(ended, result.recorded) { jobs.tell(attempt, isRecorded: isRecorded) }
            for attempt in result.neverBegun { jobs.tell(attempt, isRecorded: true) }
            pace.mayHaveMore = result.claimed.count >= (plan?.limit ?? .max) || result.isLost
            guard control.phase == .running else { return }
            if result.claimed.isEmpty, ended.isEmpty, !pace.mayHaveMore {
                return try wakeWhenDue(hasRoom: true, &group)
            }
        }
    }

    /// What to claim now.
    private func nextClaim(hasEnded: Bool) throws -> Claim {
        guard control.phase == .running else { return .none }
        let (claimedCount, byQueue) = pool.claimedCounts
        let prefetch = pace.prefetchCount
        let free = worker.concurrency + prefetch - claimedCount
        // With enough in hand, only together with something to record.
        guard free > 0, claimedCount < worker.concurrency || hasEnded || free > prefetch / 2 else { return .noRoom }
        guard try pace.mayHaveMore || hasWork() else { return .none }
        let plan = pace.plan(
            free, startCount: max(worker.concurrency - claimedCount, 0), for: worker, claimed: byQueue,
            ageing: configuration.ageing, at: jobs.clock.milliseconds())
        return plan.map(Claim.some) ?? .noRoom
    }

    /// Whether a claim would find anything. One read.
    func hasWork() throws -> Bool {
        let (store, queues, kinds) = (jobs.store, worker.queues.map(\.name), worker.handlers.kinds)
        let now = jobs.clock.milliseconds()
        return try jobs.database.read { snapshot in
            try store.hasWork(in: queues, kinds: kinds, at: now, in: snapshot)
        }
    }

    /// Wakes the loop when the next job or schedule is due, if that is before the next housekeeping.
    ///
    /// - Parameter hasRoom: Without it a job that is due already waits for one to end, which wakes the loop by itself.
    ///   All being paused, jobs wait for the resumption, which is a commit.
    private func wakeWhenDue(hasRoom: Bool, _ group: inout DiscardingTaskGroup) throws {
        let store = jobs.store
        let (nextDue, nextFire) = try jobs.database.read { snapshot in
            let isAllPaused = try store.pauses(in: snapshot).isAll
            return (isAllPaused ? nil : try store.nextDue(in: snapshot), try store.nextFire(in: snapshot))
        }
        let now = jobs.clock.milliseconds()
        let (clock, control) = (configuration.clock, control)
        let pace = pace
        if let nextDue, hasRoom || nextDue > now,
            let timer = pace.newTimer(nextDue, at: now, limit: pace.interval(configuration.housekeepingInterval))
        {
            group.addTask {
                guard (try? await clock.sleep(for: timer.wait)) != nil else { return }  // the worker stops
                pace.timerFired(timer.number)
                control.wake()
            }
        }
        if let nextFire,
            let timer = pace.newTimer(nextFire, at: now, limit: pace.interval(configuration.housekeepingInterval))
        {
            group.addTask {
                guard (try? await clock.sleep(for: timer.wait)) != nil else { return }  // the worker stops
                pace.timerFired(timer.number)
                control.housekeepingIsDue()
            }
        }
    }

    /// Gives back what was claimed ahead and waits behind long jobs, so that other workers can run it.
    private func giveBack(_ group: inout DiscardingTaskGroup) {
        let (hasAny, next) = pool.giveBack(after: Self.readyLimit)
        if hasAny { pace.stopPrefetching() }
        guard let next, pace.plansGivingBack() else { return }
        let (control, pace) = (control, pace)
        wake(after: next, &group) {
            pace.givingBackIsDue()
            control.wake()
        }
    }

    /// Cancels what was cancelled in the table, or given to others. Looks at most every 5 ms.
    func cancelLostAttempts(
        _ registration: WorkerRegistration, isForced: Bool, _ group: inout DiscardingTaskGroup
    ) throws {
        let known = pool.tokens
        guard !known.isEmpty else { return }
        switch pace.look(every: Self.lookInterval, isForced: isForced) {
        case .now: break
        case .later(let wait):
            let control = control
            wake(after: wait, &group) { control.wake() }
            return
        case .soonAlready: return
        }
        let (store, id) = (jobs.store, registration.id)
        let current = try jobs.database.read { snapshot in try store.running(for: id, in: snapshot) }
        let cancelled = pool.cancelAll(of: known, except: current)
        let (pool, watch) = (pool, AttemptWatch(jobs: jobs))
        for attempt in cancelled {
            group.addTask { await watch.reportIfStuck(attempt) { pool.isRunning(attempt.job) } }
        }
    }
}

extension JobQueue {
    func tellStart(of job: ClaimedJob) {
        metrics.recordWait(job, milliseconds: metrics.isEnabled ? clock.milliseconds() - job.runAt : 0)
        hub.tell(job.id, job.kind, .started)
    }
}
