import LiteDB
import Logging
import Synchronization

/// Warns of jobs that no worker seems to know: of a kind that the code has lost, or of a release that was taken back.
///
/// In a deploy some wait for a moment until the new workers are there, and where workers of one queue know different kinds they
/// put each other's jobs aside all the time. So a kind is told of, once, when its oldest job was found waiting twice, a minute
/// apart, and nobody had taken it meanwhile.
final class ParkedJobs: Sendable {
    private static let interval = Duration.seconds(60)

    private struct State {
        var lastLook: SuspendingClock.Instant?
        var waiting: [String: JobStore.Parked.Oldest] = [:]
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
        let new = state.withLock { state in
            let new = Set(found.filter { $0.value.oldest == state.waiting[$0.key] }.keys).subtracting(state.told)
            state.told = state.told.intersection(found.keys).union(new)
            state.waiting = found.mapValues(\.oldest)
            return new
        }
        for kind in new.sorted() {
            jobs.logger.warning(
                "Jobs wait that no worker knows. Start one that does, or cancel them",
                metadata: ["kind": "\(kind)", "jobs": "\(found[kind]?.count ?? 0)"])
        }
    }
}
