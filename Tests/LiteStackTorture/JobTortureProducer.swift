import LiteDB
import LiteJobs
import Synchronization

/// Enqueues, cancels, pauses and resumes while workers are killed, until it is told to stop; nobody kills it, so that it
/// knows what was acknowledged.
final class JobTortureProducer: Sendable {
    /// So many jobs wait at most, so that the end is not far away.
    private static let backlogCount = 300
    private static let scopes: [PauseScope] = [.all, .queue("default"), .kind(Chore.kind), .tag("slow")]

    private let jobs: JobQueue
    private let isStopped = Atomic(false)

    init(_ jobs: JobQueue) {
        self.jobs = jobs
    }

    func stop() {
        isStopped.store(true, ordering: .relaxed)
    }

    var isRunning: Bool { !isStopped.load(ordering: .relaxed) }

    func produce(_ seed: UInt64) async throws -> JobLedger {
        var random = RandomNumbers(seed: seed)
        var ledger = JobLedger()
        var serial = 0
        var hasPoison = false
        func next() -> Int {
            serial += 1
            return serial
        }
        while isRunning {
            let transfer = Transfer(
                serial: next(), amount: Int.random(in: 1...100, using: &random),
                followerCount: Int.random(in: 0...2, using: &random))
            var ids = try await stored { [try await jobs.enqueue(transfer).id] }
            let chores = (0..<Int.random(in: 1...5, using: &random)).map { _ in Chore(serial: next()) }
            let tags = Bool.random(using: &random) ? ["slow"] : []
            ids += try await stored { try await jobs.enqueue(contentsOf: chores, tags: tags).map(\.id) }
            // One at least, so that a short run has it too.
            if !hasPoison || Int.random(in: 0..<100, using: &random) == 0 {
                let poison = Poison(serial: next())
                ids += try await stored { [try await jobs.enqueue(poison).id] }
                hasPoison = true
            }
            ledger.enqueued.formUnion(ids.map(\.rawValue))
            // Some that wait, some that run, some that are done.
            if let last = ids.randomElement(using: &random), Int.random(in: 0..<4, using: &random) == 0 {
                let id = JobID(rawValue: last.rawValue - Int64.random(in: 0...40, using: &random))
                let isKnown = ledger.enqueued.contains(id.rawValue)
                let cancelled = try await stored { isKnown ? try await jobs.cancel(id) ? [id] : [] : [] }
                ledger.cancelled.formUnion(cancelled.map(\.rawValue))
            }
            while try await jobs.statistics().count(.available) > Self.backlogCount, isRunning {
                try await Task.sleep(for: .milliseconds(5))
            }
            try await Task.sleep(for: .milliseconds(2))
        }
        return ledger
    }

    /// What was stored; nothing if the disk is full, which is then held to be true.
    private func stored(_ body: () async throws -> [JobID]) async throws -> [JobID] {
        do {
            return try await body()
        } catch let error as DatabaseError where TortureDisk.isFull(error) {
            return []
        }
    }

    /// Pauses now this, now that; all is resumed when it returns.
    func disturb(_ seed: UInt64) async throws {
        var random = RandomNumbers(seed: seed)
        while isRunning {
            let scope = Self.scopes.randomElement(using: &random) ?? .all
            try await TortureDisk.untilThereIsRoom { try await jobs.pause(scope) }
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...150, using: &random)))
            try await TortureDisk.untilThereIsRoom { try await jobs.resume(scope) }
            try await Task.sleep(for: .milliseconds(Int.random(in: 100...600, using: &random)))
        }
    }
}
