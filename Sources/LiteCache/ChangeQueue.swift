import LiteDB
import Synchronization

/// Changes that wait to be committed together.
///
/// The first caller becomes the leader: it commits its own change, and whatever waits by then, in one transaction, and
/// hands the lead to the next who waits. So many callers share one reading of the ledger, one row of the log and one commit,
/// and a lone caller waits for nobody.
///
/// Each change has a deadline of its own. When the leader's passes, all changes fail whose deadline has passed. A caller
/// that is cancelled takes its change back, unless it has begun.
final class ChangeQueue: Sendable {
    /// Runs changes, told what the transaction before left.
    typealias Apply =
        @Sendable ([CacheChange], KnownLedger?, borrowing Transaction) throws -> CacheStore.Applied

    /// The most changes in one transaction.
    private static let maximumCount = 512
    /// How often a leader lets others run first.
    private static let maximumYieldCount = 2

    private struct State {
        /// The leader's own change is among them until its transaction begins.
        var waiting: [WaitingChange] = []
        var isLed = false
        /// What the last transaction of the queue left in the file; nil after a failure.
        var known: KnownLedger?
        /// How many callers there are at a time, as far as was seen: it sinks slowly, since some are always on their way.
        var callerCount = 1
        /// How many changes are worth a moment's wait.
        var expectedCount: Int { (callerCount + 1) / 2 }
    }

    /// `@unchecked Sendable`: the leader makes it, and only the transaction that it waits for touches it.
    private final class Batch: @unchecked Sendable {
        var taken: [WaitingChange] = []
        var applied: CacheStore.Applied?
    }

    private let database: Database
    private let apply: Apply
    /// Told once for each transaction that was committed; one that was lost is run again.
    private let committed: @Sendable (CacheStore.Applied) -> Void
    private let state = Mutex(State())

    init(_ database: Database, apply: @escaping Apply, committed: @escaping @Sendable (CacheStore.Applied) -> Void) {
        self.database = database
        self.apply = apply
        self.committed = committed
    }

    /// Commits a change, together with others that wait at the same time. One write transaction at most.
    ///
    /// - Throws: `CacheError`; `DatabaseError`, `busy` past the deadline; `CancellationError` if the caller was cancelled
    ///   before the change had begun. One that is cancelled later gets the committed result.
    func commit(_ change: CacheChange) async throws -> CacheChange.Outcome {
        try Task.checkCancellation()
        let own = WaitingChange(change, until: database.writeDeadline)
        if takesLead(own) {
            await lead(own)
        } else if await follow(own) == .lead {
            await lead(own)
        }
        guard let result = own.result else { preconditionFailure("a change was neither committed nor refused") }
        return try result.get()
    }

    /// How many changes wait, that of the leader included.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    private func takesLead(_ own: WaitingChange) -> Bool {
        state.withLock { state in
            guard !state.isLed else { return false }
            state.isLed = true
            state.waiting.append(own)
            return true
        }
    }

    // MARK: Following

    private func follow(_ own: WaitingChange) async -> WaitingChange.Turn {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { (continuation: UnsafeContinuation<WaitingChange.Turn, Never>) in
                let turn = state.withLock { state -> WaitingChange.Turn? in
                    guard !own.isCancelled else {
                        own.result = .failure(CancellationError())
                        return .finished
                    }
                    state.waiting.append(own)
                    guard state.isLed else {
                        state.isLed = true
                        return .lead
                    }
                    own.waiter = continuation
                    return nil
                }
                if let turn { continuation.resume(returning: turn) }
            }
        } onCancel: {
            takeBack(own)
        }
    }

    /// Takes back the change of a caller that was cancelled, unless a leader has taken it, or it leads.
    private func takeBack(_ own: WaitingChange) {
        let waiter = state.withLock { state -> UnsafeContinuation<WaitingChange.Turn, Never>? in
            own.isCancelled = true
            guard let waiter = own.waiter, let index = state.waiting.firstIndex(where: { $0 === own }) else {
                return nil
            }
            state.waiting.remove(at: index)
            own.result = .failure(CancellationError())
            own.waiter = nil
            return waiter
        }
        waiter?.resume(returning: .finished)
    }

    // MARK: Leading

    /// Commits what waits, one's own change first, and hands the lead on.
    private func lead(_ own: WaitingChange) async {
        await letOthersCome()
        let batch = Batch()
        var failure: (any Error)?
        do {
            try await database.writeTogether(until: own.deadline) { [self] transaction in
                // Run again after a lost group, it takes what has come meanwhile as well.
                let known = take(into: batch)
                let applied = try apply(batch.taken.map(\.change), known, transaction)
                for (waiting, result) in zip(batch.taken, applied.results) { waiting.result = result.mapError { $0 } }
                batch.applied = applied
            }
            if let applied = batch.applied { committed(applied) }
        } catch {
            failure = error
        }
        let (finished, next) = state.withLock { state in
            let finished = failure.map { Self.settle($0, own, batch.taken, &state) } ?? batch.taken
            state.known = failure == nil ? batch.applied?.left : nil
            state.callerCount = max(
                1, batch.taken.count + state.waiting.count, state.callerCount - max(1, state.callerCount / 8))
            let next = state.waiting.first?.waiter
            state.waiting.first?.waiter = nil
            state.isLed = next != nil
            return (finished, next)
        }
        for waiting in finished where waiting !== own { waiting.waiter?.resume(returning: .finished) }
        next?.resume(returning: .lead)
    }

    /// Under load the callers of the last transaction come back within microseconds of each other, if they get to run: half
    /// of them are worth a moment, while the other half is committed. A lone caller waits for nobody.
    private func letOthersCome() async {
        for _ in 0..<Self.maximumYieldCount {
            guard state.withLock({ $0.waiting.count < $0.expectedCount }) else { return }
            await Task.yield()
        }
    }

    /// - Returns: What is known of the ledger.
    private func take(into batch: Batch) -> KnownLedger? {
        state.withLock { state in
            let known = batch.taken.isEmpty ? state.known : nil
            let count = min(Self.maximumCount - batch.taken.count, state.waiting.count)
            batch.taken += state.waiting.prefix(count)
            state.waiting.removeFirst(count)
            return known
        }
    }

    /// Decides whose failure it is. Nothing was written.
    ///
    /// - Parameter taken: Empty if the transaction did not begin.
    /// - Returns: Those whose failure it is; the others wait on.
    private static func settle(
        _ failure: any Error, _ own: WaitingChange, _ taken: [WaitingChange], _ state: inout State
    ) -> [WaitingChange] {
        let isBusy = (failure as? DatabaseError)?.code == .busy
        if !taken.isEmpty, !isBusy, !(failure is CancellationError) {
            for waiting in taken { waiting.result = .failure(failure) }
            return taken
        }
        let now = MonotonicTime.now
        var finished: [WaitingChange] = []
        var staying: [WaitingChange] = []
        for waiting in taken + state.waiting {
            waiting.result = nil
            if waiting === own || (isBusy && waiting.deadline <= now) {
                waiting.result = .failure(failure)
                finished.append(waiting)
            } else if waiting.isCancelled {
                waiting.result = .failure(CancellationError())
                finished.append(waiting)
            } else {
                staying.append(waiting)
            }
        }
        state.waiting = staying
        return finished
    }
}
