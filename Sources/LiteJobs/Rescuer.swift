import LiteDB
import Logging
import Synchronization

/// Gives the jobs of dead workers back, and removes finished jobs that are old.
final class Rescuer: Sendable {
    /// How long a lock file has to be missing before its worker counts as dead: a live one makes it again well
    /// before, at its next housekeeping.
    static let missingFileGrace = Duration.seconds(2)
    /// How often finished jobs are looked through.
    private static let pruneIntervalMilliseconds: Int64 = 60_000

    private let jobs: JobQueue
    private let now: @Sendable () -> ContinuousClock.Instant
    private let missing = Mutex<[RegisteredWorker: ContinuousClock.Instant]>([:])
    private let nextPrune = Mutex<Int64>(0)

    init(jobs: JobQueue, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.jobs = jobs
        self.now = now
    }

    /// Looks at every other worker, once.
    func look(except own: Int64) async throws {
        let store = jobs.store
        let others = try jobs.database.read { snapshot in try store.workers(except: own, in: snapshot) }
        missing.withLock { missing in missing = missing.filter { others.contains($0.key) } }
        for other in others { try await look(at: other) }
    }

    private func look(at other: RegisteredWorker) async throws {
        switch WorkerProbe(of: WorkerLock.path(for: other.uuid, in: jobs.database.runDirectory)) {
        case .alive:
            missing.withLock { $0[other] = nil }
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
            if now - since >= Self.missingFileGrace { try await rescue(other) }
        }
    }

    private func rescue(_ worker: RegisteredWorker) async throws {
        let (store, clock, maximumCrashCount) = (jobs.store, jobs.clock, jobs.configuration.maximumCrashCount)
        let count = try await jobs.database.write { transaction in
            try store.rescue(
                worker.id, maximumCrashCount: maximumCrashCount, at: clock.milliseconds(), in: transaction)
        }
        jobs.logger.notice("A worker died; its jobs were given back", metadata: ["jobs": "\(count)"])
    }

    /// Removes some finished jobs that are old, now and then.
    func prune() async throws {
        let now = jobs.clock.milliseconds()
        let isDue = nextPrune.withLock { next in
            guard now >= next else { return false }
            next = now + Self.pruneIntervalMilliseconds
            return true
        }
        guard isDue else { return }
        let (store, configuration) = (jobs.store, jobs.configuration)
        let completedBefore = now - configuration.completedRetention.wholeMilliseconds
        let deadBefore = now - configuration.deadRetention.wholeMilliseconds
        let hasExpired = try jobs.database.read { snapshot in
            try store.hasExpired(completedBefore: completedBefore, deadBefore: deadBefore, in: snapshot)
        }
        guard hasExpired else { return }
        try await jobs.database.write { transaction in
            try store.prune(completedBefore: completedBefore, deadBefore: deadBefore, in: transaction)
        }
        // There may be more: the next housekeeping goes on.
        nextPrune.withLock { $0 = 0 }
    }
}
