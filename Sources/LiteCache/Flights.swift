import Synchronization

/// Computations under way in this process, one for each key, that any number of callers wait for.
///
/// A computation belongs to none of its callers: it goes on while anyone waits, and is cancelled when the last one
/// has left or the cache is closed. One that goes on in spite of that is joined by who comes next: its value is as good as
/// any, and if it ends without one, they take over. One that took too long costs the caller whose it was; the next who
/// waits takes over with its own.
final class Flights: Sendable {
    typealias Attempt = @Sendable () async throws -> Landing

    /// What an attempt came to.
    enum Landing: Sendable {
        case value(Computed)
        /// Another process computes, and the attempt did not wait for it.
        case elsewhere
    }

    private struct Waiter {
        let continuation: UnsafeContinuation<Computed, any Error>
        let attempt: Attempt
    }

    private struct Flight {
        let number: UInt64
        /// The caller whose attempt it is; it may have left.
        let owner: UInt64
        /// Nobody has to wait for it.
        let isRefresh: Bool
        /// The last who waited had left: what it fails with is nobody's fault.
        var isCancelled = false
        var waiters: [UInt64: Waiter] = [:]
        var task: Task<Void, Never>?

        /// Nobody waits for it any more.
        var isAbandoned: Bool { waiters.isEmpty && !isRefresh }
    }

    private struct State {
        var flights: [EntryKey: Flight] = [:]
        /// Those that something overtook, by their numbers: they go on for who waits, and nobody joins them.
        var superseded: [UInt64: Flight] = [:]
        var lastNumber: UInt64 = 0
        var isClosed = false

        /// Takes a flight out, unless it was abandoned.
        mutating func remove(_ key: EntryKey, _ number: UInt64) -> Flight? {
            if flights[key]?.number == number { return flights.removeValue(forKey: key) }
            return superseded.removeValue(forKey: number)
        }

        /// Takes a waiter out, with the flight's task if that was the last who waited for it.
        mutating func removeWaiter(_ number: UInt64, of key: EntryKey) -> (Waiter, Task<Void, Never>?)? {
            if let waiter = flights[key]?.waiters.removeValue(forKey: number) {
                guard let flight = flights[key], flight.isAbandoned else { return (waiter, nil) }
                // It stays until it has ended, for those who may come.
                flights[key]?.isCancelled = true
                return (waiter, flight.task)
            }
            for (own, flight) in superseded {
                guard let waiter = flight.waiters[number] else { continue }
                superseded[own]?.waiters[number] = nil
                guard let rest = superseded[own], rest.isAbandoned else { return (waiter, nil) }
                superseded[own] = nil
                return (waiter, rest.task)
            }
            return nil
        }

        mutating func nextNumber() -> UInt64 {
            lastNumber += 1
            return lastNumber
        }
    }

    private let state = Mutex(State())

    /// How many callers wait for a computation.
    var waiterCount: Int {
        state.withLock { state in
            state.flights.values.map(\.waiters.count).reduce(0, +)
                + state.superseded.values.map(\.waiters.count).reduce(0, +)
        }
    }

    /// Whether nothing is under way.
    var isIdle: Bool { state.withLock { $0.flights.isEmpty && $0.superseded.isEmpty } }

    /// Whether the cache was closed: what is computed by then is not stored.
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Waits for the computation of this key, and starts it if nobody has.
    ///
    /// A cancelled caller leaves at once with a `CancellationError`.
    ///
    /// - Parameters:
    ///   - key: The entry.
    ///   - supersedes: The one that is under way is too old for this call.
    ///   - attempt: Computes.
    func value(for key: EntryKey, supersedes: Bool = false, attempt: @escaping Attempt) async throws -> Computed {
        let number = state.withLock { $0.nextNumber() }
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Computed, any Error>) in
                let refusal = state.withLock { state -> (any Error)? in
                    if state.isClosed { return Self.closed }
                    // Asked under the lock: the handler below takes it too, so a cancellation is seen by one of us.
                    if Task.isCancelled { return CancellationError() }
                    let waiter = Waiter(continuation: continuation, attempt: attempt)
                    if supersedes, let old = state.flights.removeValue(forKey: key) {
                        state.superseded[old.number] = old
                    }
                    if state.flights[key] == nil { start(key, owner: number, attempt, in: &state) }
                    state.flights[key]?.waiters[number] = waiter
                    return nil
                }
                if let refusal { continuation.resume(throwing: refusal) }
            }
        } onCancel: {
            leave(key, number)
        }
    }

    /// Starts a computation for which nobody waits, unless there is one.
    func refresh(_ key: EntryKey, attempt: @escaping Attempt) {
        state.withLock { state in
            guard !state.isClosed, state.flights[key] == nil else { return }
            start(key, owner: 0, attempt, in: &state)
        }
    }

    /// Ends every computation; its callers get `.closed`.
    func close() async {
        let ended = state.withLock { state in
            state.isClosed = true
            defer { (state.flights, state.superseded) = ([:], [:]) }
            return Array(state.flights.values) + state.superseded.values
        }
        for flight in ended {
            flight.task?.cancel()
            for waiter in flight.waiters.values { waiter.continuation.resume(throwing: Self.closed) }
        }
        for flight in ended { await flight.task?.value }
    }

    private func start(
        _ key: EntryKey, owner: UInt64, _ attempt: @escaping Attempt, waiters: [UInt64: Waiter] = [:],
        in state: inout State
    ) {
        let number = state.nextNumber()
        state.flights[key] = Flight(number: number, owner: owner, isRefresh: owner == 0, waiters: waiters)
        state.flights[key]?.task = Task { await self.fly(key, number, attempt) }
    }

    private func fly(_ key: EntryKey, _ number: UInt64, _ attempt: Attempt) async {
        let result: Result<Landing, any Error>
        do {
            result = .success(try await attempt())
        } catch {
            result = .failure(error)
        }
        land(key, number, result)
    }

    /// Tells who waits, or lets the next of them take over.
    private func land(_ key: EntryKey, _ number: UInt64, _ result: Result<Landing, any Error>) {
        let (told, answer) = state.withLock { state -> ([Waiter], Result<Computed, any Error>?) in
            guard let flight = state.remove(key, number) else { return ([], nil) }
            switch result {
            case .success(.value(let computed)):
                return (Array(flight.waiters.values), .success(computed))
            case .success(.elsewhere):
                takeOver(key, flight.waiters, in: &state)
                return ([], nil)
            case .failure where flight.isCancelled:
                takeOver(key, flight.waiters, in: &state)
                return ([], nil)
            case .failure(let error as CacheError) where error.code == .timedOut:
                var others = flight.waiters
                let owner = others.removeValue(forKey: flight.owner)
                takeOver(key, others, in: &state)
                return (owner.map { [$0] } ?? [], .failure(error))
            case .failure(let error):
                return (Array(flight.waiters.values), .failure(error))
            }
        }
        guard let answer else { return }
        for waiter in told { waiter.continuation.resume(with: answer) }
    }

    private func takeOver(_ key: EntryKey, _ waiters: [UInt64: Waiter], in state: inout State) {
        if state.flights[key] != nil {
            // The flight was superseded, and the one that did it is the newer.
            state.flights[key]?.waiters.merge(waiters) { own, _ in own }
            return
        }
        // The one who waits longest.
        guard let next = waiters.min(by: { $0.key < $1.key }) else { return }
        start(key, owner: next.key, next.value.attempt, waiters: waiters, in: &state)
    }

    private func leave(_ key: EntryKey, _ number: UInt64) {
        guard let (waiter, abandoned) = state.withLock({ $0.removeWaiter(number, of: key) }) else { return }
        abandoned?.cancel()
        waiter.continuation.resume(throwing: CancellationError())
    }

    private static let closed = CacheError(
        .closed, "Waiting for a value that is being computed: the cache was closed. Stop its users first")
}

/// A value that was computed, or that another process stored meanwhile.
struct Computed: Sendable {
    /// The value, if it is of this process.
    let value: (any Sendable)?
    let stored: StoredValue
}
