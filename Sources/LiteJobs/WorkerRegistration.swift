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
    private let jobs: JobQueue
    private let uuid: String
    let lock: WorkerLock
    private let currentID: Mutex<Int64>

    private init(jobs: JobQueue, uuid: String, lock: WorkerLock, id: Int64) {
        self.jobs = jobs
        self.uuid = uuid
        self.lock = lock
        currentID = Mutex(id)
    }

    /// Locks a fresh file first and registers the worker then, so that nobody finds it registered and free.
    static func make(for jobs: JobQueue) async throws -> WorkerRegistration {
        let uuid = UUID().uuidString
        let lock = try WorkerLock.acquire(uuid: uuid, in: jobs.database.runDirectory)
        do {
            let id = try await register(uuid, in: jobs)
            return WorkerRegistration(jobs: jobs, uuid: uuid, lock: lock, id: id)
        } catch {
            lock.remove()
            throw error
        }
    }

    /// The worker's number. It changes if the worker was taken for dead and had to register again.
    var id: Int64 { currentID.withLock { $0 } }

    /// Looks after the lock file, which somebody may have removed.
    ///
    /// - Throws: `JobError` with `lockFile`: the worker must stop, since others will take it for dead.
    func check() async throws {
        if !lock.isIntact { try lock.renew() }
    }

    /// The same while stopping, when there is nothing left to do about a failure: the jobs are then given to others,
    /// and the fencing tokens keep what is recorded right.
    func keepLock() {
        if !lock.isIntact { try? lock.renew() }
    }

    /// Claims jobs.
    ///
    /// - Returns: Nil if the worker had to register again first; claim once more.
    func claim(queues: [String], kinds: KnownKinds, limit: Int) async throws -> [ClaimedJob]? {
        let (store, clock, id) = (jobs.store, jobs.clock, id)
        let claimed = try await jobs.database.write { transaction in
            try store.claim(
                for: id, queues: queues, kinds: kinds, limit: limit, at: clock.milliseconds(), in: transaction)
        }
        if let claimed { return claimed }
        jobs.logger.warning("A worker that lives was taken for dead; it registers again")
        try await check()
        let new = try await Self.register(uuid, in: jobs)
        currentID.withLock { $0 = new }
        return nil
    }

    /// Removes the entry, then the lock. If the entry cannot be removed the lock is given back as by a dead process,
    /// and the next worker cleans up.
    func end() async {
        let (store, id) = (jobs.store, id)
        do {
            let isIdle = try await jobs.database.write { transaction in
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

    private static func register(_ uuid: String, in jobs: JobQueue) async throws -> Int64 {
        let (store, clock) = (jobs.store, jobs.clock)
        let processID = ProcessInfo.processInfo.processIdentifier
        return try await jobs.database.write { transaction in
            try store.register(uuid: uuid, processID: processID, at: clock.milliseconds(), in: transaction)
        }
    }
}
