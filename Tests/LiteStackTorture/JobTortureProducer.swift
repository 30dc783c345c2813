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

    func produce(_ seed: UInt64) async throws -> JobLedger {
        var random = RandomNumbers(seed: seed)
        var ledger = JobLedger()
        var serial = 0
        func next() -> Int {
            serial += 1
            return serial
        }
        while !isStopped.load(ordering: .relaxed) {
            let transfer = Transfer(
                serial: next(), amount: Int.random(in: 1...100, using: &random),
                followerCount: Int.random(in: 0...2, using: &random))
            var ids = [try await jobs.enqueue(transfer).id]
            let chores = (0..<Int.random(in: 1...5, using: &random)).map { _ in Chore(serial: next()) }
            let tags = Bool.random(using: &random) ? ["slow"] : []
            ids += try await jobs.enqueue(contentsOf: chores, tags: tags).map(\.id)
            // One at least, so that a short run has it too.
            if ledger.enqueued.isEmpty || Int.random(in: 0..<100, using: &random) == 0 {
                ids.append(try await jobs.enqueue(Poison(serial: next())).id)
            }
            ledger.enqueued.formUnion(ids.map(\.rawValue))
            // Some that wait, some that run, some that are done.
            if Int.random(in: 0..<4, using: &random) == 0 {
                let known = Int64.random(in: 0...40, using: &random)
                let id = (ids.randomElement(using: &random) ?? ids[0]).rawValue - known
                if ledger.enqueued.contains(id), try await jobs.cancel(JobID(rawValue: id)) {
                    ledger.cancelled.insert(id)
                }
            }
            while try await jobs.statistics().count(.available) > Self.backlogCount,
                !isStopped.load(ordering: .relaxed)
            {
                try await Task.sleep(for: .milliseconds(5))
            }
            try await Task.sleep(for: .milliseconds(2))
        }
        return ledger
    }

    /// Pauses now this, now that; all is resumed when it returns.
    func disturb(_ seed: UInt64) async throws {
        var random = RandomNumbers(seed: seed)
        while !isStopped.load(ordering: .relaxed) {
            let scope = Self.scopes.randomElement(using: &random) ?? .all
            try await jobs.pause(scope)
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...150, using: &random)))
            try await jobs.resume(scope)
            try await Task.sleep(for: .milliseconds(Int.random(in: 100...600, using: &random)))
        }
    }
}
