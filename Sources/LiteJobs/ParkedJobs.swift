import LiteDB
import Logging
import Synchronization

/// Warns of jobs that no worker seems to know: of a kind that the code has lost, or of a release that was taken back.
///
/// In a deploy some wait for a moment until the new workers are there. So a kind is told of, once, when its jobs were found
/// waiting twice, a minute apart.
final class ParkedJobs: Sendable {
    private static let interval = Duration.seconds(60)

    private struct State {
        var lastLook: SuspendingClock.Instant?
        var waiting: Set<String> = []
        var told: Set<String> = []
    }

    private let state = Mutex(State())

    /// Looks, now and then: one read of the counts, and one of a job for each kind of which some are parked.
    func look(at jobs: JobQueue, now: SuspendingClock.Instant) throws {
        let isDue = state.withLock { state in
            if let last = state.lastLook, now - last < Self.interval { return false }
            state.lastLook = now
            return true
        }
        guard isDue else { return }
        let store = jobs.store
        let found = try jobs.database.read { snapshot in try store.parkedKinds(in: snapshot) }
        let kinds = Set(found.keys)
        let new = state.withLock { state in
            defer { state.waiting = kinds }
            let new = kinds.intersection(state.waiting).subtracting(state.told)
            state.told = state.told.intersection(kinds).union(new)
            return new
        }
        for kind in new.sorted() {
            jobs.logger.warning(
                "Jobs wait that no worker knows. Start one that does, or cancel them",
                metadata: ["kind": "\(kind)", "jobs": "\(found[kind] ?? 0)"])
        }
    }
}
