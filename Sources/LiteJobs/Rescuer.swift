import LiteDB
import Logging
import Synchronization

/// Gives the jobs of dead workers back, and removes finished jobs that are old and lock files that were left behind.
final class Rescuer: Sendable {
    /// How long a lock file has to be missing at least before its worker counts as dead.
    static let missingFileGrace = Duration.seconds(2)
    /// How often finished jobs are looked through.
    private static let pruneIntervalMilliseconds: Int64 = 60_000
    /// How often lock files are looked through.
    private static let tidyInterval = Duration.seconds(60)
    /// Between two slices while there is more to remove: others write in between.
    static let pruneDelay = Duration.milliseconds(20)

    /// A live worker makes its file again well before: at its next housekeeping if it runs jobs, and before it claims
    /// any if it runs none.
    private var grace: Duration { max(Self.missingFileGrace, jobs.configuration.housekeepingInterval * 3) }

    private let jobs: JobQueue
    private let now: @Sendable () -> SuspendingClock.Instant
    private let missing = Mutex<[RegisteredWorker: SuspendingClock.Instant]>([:])
    private let signs = Mutex<[RegisteredWorker: SignOfLife]>([:])
    private let nextPrune = Mutex<Int64>(0)
    private let parked = ParkedJobs()
    private let lastTidying = Mutex<SuspendingClock.Instant?>(nil)

    /// The last that was seen of a worker.
    private struct SignOfLife {
        /// What its file says.
        let touchedAt: Int64
        /// When that was seen first, by this process's own clock: the one that the file goes by can be set, and machines sleep.
        let seenAt: SuspendingClock.Instant
        var isTold = false
    }

    /// - Parameter now: Time that passes while the machine runs.
    init(jobs: JobQueue, now: @escaping @Sendable () -> SuspendingClock.Instant = { .now }) {
        self.jobs = jobs
        self.now = now
    }

    /// Looks at every other worker, once.
    func look(except own: Int64) async throws {
        let store = jobs.store
        let others = try jobs.database.read { snapshot in try store.workers(except: own, in: snapshot) }
        missing.withLock { missing in missing = missing.filter { others.contains($0.key) } }
        signs.withLock { signs in signs = signs.filter { others.contains($0.key) } }
        for other in others { try await look(at: other) }
    }

    private func look(at other: RegisteredWorker) async throws {
        switch WorkerProbe(of: WorkerLock.path(for: other.uuid, in: jobs.database.runDirectory)) {
        case .alive:
            missing.withLock { $0[other] = nil }
            try warnIfUnresponsive(other)
        case .dead(let lock):
            try await rescue(other)
            // Only now: while the lock is held no one else rescues, and the file must not outlive the entry.
            lock.removeFile()
        case .missing:
            let now = now()
            let since = missing.withLock { missing in
                if missing[other] == nil { missing[other] = now }
                return missing[other] ?? now
            }
            guard now - since >= grace else { return }
            let path = WorkerLock.path(for: other.uuid, in: jobs.database.runDirectory)
            // Asked again while nobody can claim: a worker that makes its file again does so before it claims.
            try await rescue(other) {
                if case .missing = WorkerProbe(of: path) { true } else { false }
            }
        }
    }

    /// A process that was stopped, or whose threads are all held by something, keeps its lock and its jobs.
    private func warnIfUnresponsive(_ other: RegisteredWorker) throws {
        let path = WorkerLock.path(for: other.uuid, in: jobs.database.runDirectory)
        guard let touched = LockFile.touchedAt(path) else { return }
        let now = now()
        let sign = signs.withLock { signs in
            if signs[other]?.touchedAt != touched { signs[other] = SignOfLife(touchedAt: touched, seenAt: now) }
            return signs[other] ?? SignOfLife(touchedAt: touched, seenAt: now)
        }
        let silence = now - sign.seenAt
        guard silence >= jobs.configuration.unresponsiveAfter, !sign.isTold else { return }
        let store = jobs.store
        guard try jobs.database.read({ snapshot in try store.isBusy(other.id, in: snapshot) }) else { return }
        signs.withLock { $0[other]?.isTold = true }
        jobs.logger.error(
            "A worker process lives and gives no sign of life; its jobs stay its own. Resume it or kill it",
            metadata: ["pid": "\(other.processID)", "seconds": "\(silence.components.seconds)"])
    }

    private func rescue(
        _ worker: RegisteredWorker, if isDead: @escaping @Sendable () -> Bool = { true }
    ) async throws {
        let (store, clock, configuration) = (jobs.store, jobs.clock, jobs.configuration)
        let rescued = try await jobs.database.writeRelaxed {
            transaction -> [(id: JobID, kind: String, isDead: Bool)]? in
            guard isDead() else { return nil }
            return try store.rescue(
                worker.id, maximumCrashCount: configuration.maximumCrashCount,
                deadRetention: configuration.deadRetention.wholeMilliseconds, at: clock.milliseconds(),
                in: transaction)
        }
        guard let rescued else { return }
        jobs.logger.notice("A worker died; its jobs were given back", metadata: ["jobs": "\(rescued.count)"])
        jobs.metrics.countRescued(rescued.count)
        for job in rescued {
            jobs.hub.tell(
                job.id, job.kind, job.isDead ? .dead(reason: .crashed, message: "its worker died") : .rescued)
        }
    }

    /// Removes some finished jobs that are old, now and then. Not made durable: after a power cut they go again.
    ///
    /// - Returns: Whether there are more.
    func prune() async throws -> Bool {
        let now = jobs.clock.milliseconds()
        let isDue = nextPrune.withLock { next in
            // A time that lies further ahead is from before the clock was put back.
            guard now >= next || next - now > Self.pruneIntervalMilliseconds else { return false }
            next = now + Self.pruneIntervalMilliseconds
            return true
        }
        guard isDue else { return false }
        let store = jobs.store
        guard try jobs.database.read({ snapshot in try store.hasExpired(at: now, in: snapshot) }) else { return false }
        let isFull = try await jobs.database.writeRelaxed { transaction in try store.prune(at: now, in: transaction) }
        if isFull { nextPrune.withLock { $0 = 0 } }
        return isFull
    }

    /// Warns of jobs that nobody knows.
    func warnOfParked() throws {
        try parked.look(at: jobs, now: now())
    }

    /// Removes lock files that nobody needs, now and then. One listing of the folder; reads only if there is an old one.
    func tidy() throws {
        let now = now()
        let isDue = lastTidying.withLock { last in
            if let last, now - last < Self.tidyInterval { return false }
            last = now
            return true
        }
        guard isDue else { return }
        let (database, store) = (jobs.database, jobs.store)
        let count = try LeftoverFiles(of: database).remove {
            Set(try database.read { snapshot in try store.workers(except: 0, in: snapshot).map(\.uuid) })
        }
        guard count > 0 else { return }
        jobs.logger.info("Lock files of workers that were killed were removed", metadata: ["files": "\(count)"])
    }
}
