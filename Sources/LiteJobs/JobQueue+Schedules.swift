import LiteDB
import Logging

extension JobQueue {
    /// A time of a schedule counts as missed after this.
    private static let missedAfterMilliseconds: Int64 = 60_000

    /// Says which schedules the code has. Call it once at the start, with all of them. One write transaction.
    ///
    /// Those that are new are added, those that are there keep their pause and their place in time. One that an earlier
    /// release declared and this one does not is retired: it is kept and does not come, and a release that declares it
    /// again, after a rollback say, brings it back. Schedules that were set at run time stay as they are.
    ///
    /// The jobs are put into their queues by whatever worker runs, of any process; without a worker nothing comes.
    ///
    /// - Throws: `JobError` with `invalidSchedule`, for an expression that is not understood, an unknown time zone, one
    ///   that never comes, and two of one name; `unencodable`, `tooLarge`; `DatabaseError`.
    public func declare(schedules: [JobSchedule]) async throws {
        let prepared = try schedules.map { try prepare($0) }
        let names = schedules.map(\.name)
        guard Set(names).count == names.count else {
            throw JobError(.invalidSchedule, "Declaring schedules: two have the same name. Give each its own")
        }
        let (store, clock) = (store, clock)
        try await database.write { transaction in
            let now = clock.milliseconds()
            for new in prepared { try new.set(store, isFromCode: true, at: now, in: transaction) }
            try store.retireSchedules(except: names, in: transaction)
        }
    }

    /// Adds a schedule at run time, or changes the one of its name. One write transaction. It stays until it is removed,
    /// across restarts.
    ///
    /// - Throws: As ``declare(schedules:)``.
    public func set(schedule: JobSchedule) async throws {
        let prepared = try prepare(schedule)
        let (store, clock) = (store, clock)
        try await database.write { transaction in
            try prepared.set(store, isFromCode: false, at: clock.milliseconds(), in: transaction)
        }
    }

    /// All schedules, by name. One read.
    ///
    /// - Throws: `DatabaseError`.
    public func schedules() async throws -> [JobScheduleRecord] {
        try database.read { snapshot in try store.schedules(in: snapshot) }
    }

    /// Holds a schedule back until ``resume(schedule:)``. What was missed by then is made up for as the schedule says.
    ///
    /// - Throws: `JobError` with `noSuchSchedule`; `DatabaseError`.
    public func pause(schedule name: String) async throws {
        try await change(name) { store, transaction in try store.pauseSchedule(name, true, in: transaction) }
    }

    /// Lets a schedule come again.
    ///
    /// - Throws: `JobError` with `noSuchSchedule`; `DatabaseError`.
    public func resume(schedule name: String) async throws {
        try await change(name) { store, transaction in try store.pauseSchedule(name, false, in: transaction) }
    }

    /// Removes a schedule. Its jobs that wait stay. One that the code declares comes back with the next start.
    ///
    /// - Throws: `JobError` with `noSuchSchedule`; `DatabaseError`.
    public func remove(schedule name: String) async throws {
        try await change(name) { store, transaction in try store.removeSchedule(name, in: transaction) }
    }

    /// Puts a job of a schedule into its queue now, whatever the time and its pause. Its times stay as they are.
    ///
    /// - Returns: The job.
    /// - Throws: `JobError` with `noSuchSchedule`; `DatabaseError`.
    @discardableResult
    public func run(schedule name: String) async throws -> JobID {
        let (store, clock) = (store, clock)
        return try await database.write { transaction in
            guard let schedule = try store.schedule(name, in: transaction) else { throw Self.noSuchSchedule(name) }
            let now = clock.milliseconds()
            return try store.insert(schedule.job(slot: nil), at: now, in: transaction).id
        }
    }

    private func change(
        _ name: String, _ body: @escaping @Sendable (JobStore, borrowing Transaction) throws -> Bool
    ) async throws {
        let store = store
        let isThere = try await database.write { transaction in try body(store, transaction) }
        if !isThere { throw Self.noSuchSchedule(name) }
    }

    private static func noSuchSchedule(_ name: String) -> JobError {
        JobError(.noSuchSchedule, "Changing the schedule \"\(name)\": there is none of that name")
    }

    private func prepare(_ schedule: JobSchedule) throws -> PreparedSchedule {
        let timing = try ScheduleTiming(schedule.timing, zone: schedule.zone)
        let now = clock.milliseconds()
        guard timing.next(after: now, anchor: now) != nil else {
            throw JobError(
                .invalidSchedule,
                "Reading the schedule \"\(schedule.timing)\": it never comes, there is no such day. Choose another")
        }
        let draft = try schedule.makeJob(self)
        let tags = draft.tags.isEmpty ? nil : try JobHandlers.encode(draft.tags)
        return PreparedSchedule(schedule: schedule, timing: timing, draft: draft, tags: tags)
    }

    // MARK: Coming

    /// Puts the jobs of schedules that have come into their queues, each with the note of it in one transaction, so that
    /// each time comes once, however many workers look. Called by workers.
    func fireSchedules() async throws {
        let (store, clock, logger) = (store, clock, logger)
        let next = try database.read { snapshot in try store.nextFire(in: snapshot) }
        guard let next, next <= clock.milliseconds() else { return }
        let fired = try await database.write { transaction in
            let now = clock.milliseconds()
            var fired: [(id: JobID, kind: String, schedule: String)] = []
            for schedule in try store.dueSchedules(at: now, in: transaction) {
                do {
                    let timing = try ScheduleTiming(schedule.timing, zone: schedule.zone)
                    let due = Self.slots(of: schedule, timing, at: now)
                    for slot in due.slots {
                        // One that is there was put there by a schedule of this name that was removed since.
                        guard let id = try store.insertSlot(schedule.job(slot: slot), at: now, in: transaction) else {
                            continue
                        }
                        fired.append((id, schedule.draft.kind, schedule.name))
                    }
                    try store.advance(
                        schedule.name, lastSlot: due.slots.last ?? schedule.lastSlot, nextAt: due.nextAt,
                        in: transaction)
                } catch let error where Self.isOfOneSchedule(error) {
                    // Of a newer release, of a zone that the system has lost, or with what the table refuses: the others
                    // must go on.
                    logger.error(
                        "A schedule cannot be read or kept; it is looked at again in an hour",
                        metadata: ["schedule": "\(schedule.name)", "error": "\(error)"])
                    try store.advance(schedule.name, lastSlot: nil, nextAt: now + 3_600_000, in: transaction)
                }
            }
            return fired
        }
        for job in fired {
            metrics.countEnqueued(job.kind)
            hub.tell(job.id, job.kind, .scheduled(job.schedule))
        }
    }

    /// Whether an error is one schedule's own, and the transaction can go on.
    private static func isOfOneSchedule(_ error: any Error) -> Bool {
        error is JobError || (error as? DatabaseError)?.code == .constraint
    }

    /// The times that have come since the last, of which as many count as the schedule makes up for.
    static func slots(
        of schedule: StoredSchedule, _ timing: ScheduleTiming, at now: Int64
    ) -> (slots: [Int64], nextAt: Int64?) {
        guard let first = schedule.nextAt, first <= now else { return ([], schedule.nextAt) }
        let wantedCount = max(schedule.catchUp, 1)
        var slots: [Int64] = []
        var next: Int64?
        // Of a long absence only the last ones matter: look back from now, further until there are enough.
        var window: Int64 = 3_600_000
        repeat {
            slots = []
            next = now - window < first ? first : timing.next(after: now - window, anchor: schedule.anchor)
            while let slot = next, slot <= now {
                // A clock that was put back must not bring a time again.
                if schedule.lastSlot.map({ slot > $0 }) ?? true { slots.append(slot) }
                next = timing.next(after: slot, anchor: schedule.anchor)
            }
            window *= 8
        } while slots.count < wantedCount && now - window / 8 >= first
        slots.removeFirst(max(slots.count - wantedCount, 0))
        if schedule.catchUp == 0 { slots.removeAll { now - $0 > missedAfterMilliseconds } }
        return (slots, next)
    }
}

/// A schedule that was checked.
private struct PreparedSchedule: Sendable {
    let schedule: JobSchedule
    let timing: ScheduleTiming
    let draft: JobDraft
    let tags: String?

    func set(_ store: JobStore, isFromCode: Bool, at now: Int64, in transaction: borrowing Transaction) throws {
        try store.set(
            schedule, draft, tags: tags, isFromCode: isFromCode,
            nextAt: timing.next(after: now, anchor: now) ?? .max, at: now, in: transaction)
    }
}

extension StoredSchedule {
    /// Its job for one of its times.
    func job(slot: Int64?) -> JobStore.NewJob {
        JobStore.NewJob(
            queue: draft.queue, kind: draft.kind, version: draft.version, priority: draft.priority,
            maximumAttemptCount: draft.maximumAttemptCount, runAt: nil, expiresAt: nil, uniqueness: nil,
            schedule: name, slot: slot, tags: tags, metadata: nil, payload: draft.payload)
    }
}
