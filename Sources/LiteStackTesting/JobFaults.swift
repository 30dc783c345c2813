import LiteDB
import LiteJobs
import Synchronization

/// Lets the workers of a ``TestJobs`` fail at a point, each time that it is asked for.
public final class JobFaults: Sendable {
    private let planned = Mutex<[JobFaultPoint: Int]>([:])

    init() {}

    /// The next worker that claims jobs dies before it starts them, as by `kill -9`: its `run()` returns, its lock is
    /// free, and its jobs stay claimed until another worker gives them back. It can't end handlers as a process's end does:
    /// those that run already run on, and the worker records nothing of them.
    public func killAfterClaim() {
        planned.withLock { $0[.claimed, default: 0] += 1 }
    }

    /// The next commit of an outcome fails with `DatabaseError.busy`: that of a worker, which tries again, or that of
    /// `context.complete { }` or `context.transaction`, which throws it.
    public func failCommit() {
        planned.withLock { $0[.committing, default: 0] += 1 }
    }

    func reach(_ point: JobFaultPoint) throws {
        let isPlanned = planned.withLock { planned in
            guard let count = planned[point], count > 0 else { return false }
            planned[point] = count - 1
            return true
        }
        guard isPlanned else { return }
        switch point {
        case .claimed: throw AbandonedWorker()
        case .committing: throw DatabaseError(.busy, "Committing: a test lets it fail")
        }
    }
}
