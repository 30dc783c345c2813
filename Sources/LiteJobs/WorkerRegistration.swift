import LiteDB
import Logging
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A worker's entry in the table, and the lock that proves that it lives.
final class WorkerRegistration: Sendable {
    /// What came of one transaction of a worker.
    struct Turn: Sendable {
        var recorded: [Bool] = []
        var claimed: [ClaimedJob] = []
        /// Of jobs that are dead before they began.
        var neverBegun: [EndedAttempt] = []
        /// The worker was taken for dead. The next turn makes a new entry for it.
        var isLost = false
    }

    private let worker: Worker
    private let uuid: String
    let lock: WorkerLock
    private struct Entry {
        var id: Int64
        /// It was taken for dead, and the entry removed.
        var isLost = false
    }

    private let entry: Mutex<Entry>

    private var jobs: JobQueue { worker.jobs }

    private init(worker: Worker, uuid: String, lock: WorkerLock, id: Int64) {
        self.worker = worker
        self.uuid = uuid
        self.lock = lock
        entry = Mutex(Entry(id: id))
    }

    /// Locks a fresh file first and registers the worker then, so that nobody finds it registered and free.
    static func make(for worker: Worker) async throws -> WorkerRegistration {
        let uuid = UUID().uuidString
        let database = worker.jobs.database
        let lock = try WorkerLock.acquire(
            uuid: uuid, in: database.runDirectory, for: LeftoverFiles.owner(for: database))
        do {
            let id = try await register(uuid, worker)
            return WorkerRegistration(worker: worker, uuid: uuid, lock: lock, id: id)
        } catch {
            lock.remove()
            throw error
        }
    }

    /// The worker's number. It changes if the worker was taken for dead and had to register again.
    var id: Int64 { entry.withLock { $0.id } }

    /// Looks after the lock file, which somebody may have removed, and gives a sign of life.
    ///
    /// - Throws: `JobError` with `lockFile`: the worker must stop, since others will take it for dead.
    func check() throws {
        if !lock.isIntact { try lock.renew() }
        lock.touch()
    }

    /// The same while stopping, when there is nothing left to do about a failure: the jobs are then given to others,
    /// and the fencing tokens keep what is recorded right.
    func keepLock() {
        if !lock.isIntact { try? lock.renew() }
        lock.touch()
    }

    /// Records ends of attempts, notes those that begin and claims jobs, in one transaction: durable if it records ends.
    ///
    /// - Throws: `DatabaseError`, or `JobError` with `lockFile`: nothing was written.
    func turn(_ ended: [EndedAttempt], begun: [ClaimedJob] = [], _ plan: ClaimPlan?) async throws -> Turn {
        if plan != nil, entry.withLock({ $0.isLost }) {
            try check()
            let new = try await Self.register(uuid, worker)
            entry.withLock { $0 = Entry(id: new) }
        }
        let (store, clock, id, kinds) = (jobs.store, jobs.clock, id, worker.handlers.kinds)
        let deadRetention = jobs.configuration.deadRetention.wholeMilliseconds
        let faults = jobs.configuration.faults
        // An idle worker looks after its file seldom; jobs are its own only with a file that proves that it lives.
        if plan != nil, !lock.isIntact { try lock.renew() }
        let write: @Sendable (borrowing Transaction) throws -> Turn = { transaction in
            let now = clock.milliseconds()
            var turn = Turn()
            turn.recorded = try store.record(ended, deadRetention: deadRetention, at: now, in: transaction)
            if !ended.isEmpty { try faults?(.committing) }
            for job in begun { try store.note(job, at: now, in: transaction) }
            guard let plan else { return turn }
            let found = try store.claim(
                for: id, plan, kinds: kinds, deadRetention: deadRetention, at: now, in: transaction)
            (turn.claimed, turn.neverBegun) = found ?? ([], [])
            turn.isLost = found == nil
            return turn
        }
        let turn =
            ended.isEmpty ? try await jobs.database.writeRelaxed(write) : try await jobs.database.write(write)
        if !turn.claimed.isEmpty { try faults?(.claimed) }
        if turn.isLost {
            jobs.logger.warning("A worker that lives was taken for dead; it registers again")
            // Not here: what was recorded is committed, and must be told of whatever comes now.
            entry.withLock { $0.isLost = true }
        }
        return turn
    }

    /// Lets the lock go as the kernel does when a process is killed.
    func abandon() {
        lock.release()
    }

    /// Removes the entry, then the lock. If the entry cannot be removed the lock is given back as by a dead process,
    /// and the next worker cleans up.
    func end() async {
        guard lock.isHeld else { return }
        let (store, id) = (jobs.store, id)
        do {
            let isIdle = try await jobs.database.writeRelaxed { transaction in
                guard try store.running(for: id, in: transaction).isEmpty else { return false }
                try store.unregister(id, in: transaction)
                return true
            }
            if isIdle { lock.remove() } else { lock.release() }
        } catch {
            jobs.logger.warning(
                "A worker could not sign off; the next one cleans up after it", metadata: ["error": "\(error)"])
            lock.release()
        }
    }

    private static func register(_ uuid: String, _ worker: Worker) async throws -> Int64 {
        let (store, clock) = (worker.jobs.store, worker.jobs.clock)
        let (queues, concurrency) = (worker.queues.map(\.name), worker.concurrency)
        let processID = ProcessInfo.processInfo.processIdentifier
        return try await worker.jobs.database.writeRelaxed { transaction in
            try store.register(
                uuid: uuid, processID: processID, queues: queues, concurrency: concurrency, at: clock.milliseconds(),
                in: transaction)
        }
    }
}
