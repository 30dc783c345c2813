import LiteDB
import Synchronization

/// Changes that wait to be committed together.
///
/// The first caller becomes the leader: it commits its own change, and whatever waits by then, in one transaction, and
/// hands the lead to the next who waits. So many callers share one reading of the ledger, one row of the log and one commit,
/// and a lone caller waits for nobody.
final class ChangeQueue: Sendable {
    /// The most changes in one transaction.
    private static let maximumCount = 512

    private enum Turn {
        /// The change was committed, or not.
        case finished
        /// Lead the next transaction.
        case lead
    }

    /// `@unchecked Sendable`: the lock of the queue guards `waiter`; the leader sets `result` before it resumes the waiter.
    private final class Waiting: @unchecked Sendable {
        let change: CacheChange
        var waiter: UnsafeContinuation<Turn, Never>?
        var result: Result<CacheChange.Outcome, any Error>?

        init(_ change: CacheChange) {
            self.change = change
        }
    }

    private struct State {
        var waiting: [Waiting] = []
        var isLed = false
    }

    /// `@unchecked Sendable`: the leader makes it, and only the transaction that it waits for touches it.
    private final class Batch: @unchecked Sendable {
        var taken: [Waiting] = []
    }

    private let database: Database
    private let apply: @Sendable ([CacheChange], borrowing Transaction) throws -> Results
    private let state = Mutex(State())

    typealias Results = [Result<CacheChange.Outcome, CacheError>]

    init(
        _ database: Database, apply: @escaping @Sendable ([CacheChange], borrowing Transaction) throws -> Results
    ) {
        self.database = database
        self.apply = apply
    }

    /// Commits a change, together with others that wait at the same time. One write transaction at most.
    ///
    /// A caller that is cancelled after this began still gets the committed result.
    func commit(_ change: CacheChange) async throws -> CacheChange.Outcome {
        try Task.checkCancellation()
        let own = Waiting(change)
        if takesLead(own) {
            await lead(own)
        } else {
            await follow(own)
        }
        guard let result = own.result else { preconditionFailure("a change was neither committed nor refused") }
        return try result.get()
    }

    private func takesLead(_ own: Waiting) -> Bool {
        state.withLock { state in
            guard !state.isLed else { return false }
            state.isLed = true
            state.waiting.append(own)
            return true
        }
    }

    private func follow(_ own: Waiting) async {
        let turn = await withUnsafeContinuation { (continuation: UnsafeContinuation<Turn, Never>) in
            let leads = state.withLock { state in
                state.waiting.append(own)
                if state.isLed { own.waiter = continuation }
                defer { state.isLed = true }
                return !state.isLed
            }
            if leads { continuation.resume(returning: .lead) }
        }
        if turn == .lead { await lead(own) }
    }

    /// Commits what waits, one's own change first, and hands the lead on.
    private func lead(_ own: Waiting) async {
        let batch = Batch()
        do {
            try await database.writeToTheEnd { [self] transaction in
                // Run again after a lost group, it takes what has come meanwhile as well.
                batch.taken += take(Self.maximumCount - batch.taken.count)
                let results = try apply(batch.taken.map(\.change), transaction)
                for (waiting, result) in zip(batch.taken, results) { waiting.result = result.mapError { $0 } }
            }
        } catch {
            // It may not have begun. Who came later tries again by itself.
            if batch.taken.isEmpty { batch.taken = take(1) }
            for waiting in batch.taken { waiting.result = .failure(error) }
        }
        handOn()
        for waiting in batch.taken where waiting !== own { waiting.waiter?.resume(returning: .finished) }
    }

    private func take(_ count: Int) -> [Waiting] {
        state.withLock { state in
            let taken = Array(state.waiting.prefix(count))
            state.waiting.removeFirst(taken.count)
            return taken
        }
    }

    private func handOn() {
        let next = state.withLock { state -> UnsafeContinuation<Turn, Never>? in
            guard let first = state.waiting.first else {
                state.isLed = false
                return nil
            }
            defer { first.waiter = nil }
            return first.waiter
        }
        next?.resume(returning: .lead)
    }
}
