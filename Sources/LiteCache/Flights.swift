import Synchronization

/// Computations under way, one for each key, that any number of callers wait for.
///
/// A computation belongs to none of its callers: it goes on while anyone waits, and is cancelled when the last one
/// has left or the cache is closed.
final class Flights: Sendable {
    private typealias Waiter = UnsafeContinuation<StoredValue, any Error>

    private struct Flight {
        let number: UInt64
        var waiters: [UInt64: Waiter]
        var task: Task<Void, Never>?
    }

    private struct State {
        var flights: [String: Flight] = [:]
        var lastNumber: UInt64 = 0
        var isClosed = false

        mutating func nextNumber() -> UInt64 {
            lastNumber += 1
            return lastNumber
        }
    }

    private let state = Mutex(State())

    /// Waits for the computation of this key, and starts it if nobody has.
    ///
    /// A cancelled caller leaves at once with a `CancellationError`.
    func value(
        for key: String, compute: @escaping @Sendable () async throws -> StoredValue
    ) async throws -> StoredValue {
        let waiterNumber = state.withLock { $0.nextNumber() }
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { (waiter: Waiter) in
                let refusal = state.withLock { state -> (any Error)? in
                    if state.isClosed { return Self.closed }
                    // Asked under the lock: the handler below takes it too, so a cancellation is seen by one of us.
                    if Task.isCancelled { return CancellationError() }
                    if state.flights[key] != nil {
                        state.flights[key]?.waiters[waiterNumber] = waiter
                    } else {
                        let number = state.nextNumber()
                        state.flights[key] = Flight(number: number, waiters: [waiterNumber: waiter])
                        state.flights[key]?.task = Task { await self.fly(key, number, compute) }
                    }
                    return nil
                }
                if let refusal { waiter.resume(throwing: refusal) }
            }
        } onCancel: {
            leave(key, waiterNumber)
        }
    }

    /// Ends every computation; its callers get `.closed`.
    func close() async {
        let ended = state.withLock { state in
            state.isClosed = true
            defer { state.flights = [:] }
            return Array(state.flights.values)
        }
        for flight in ended {
            flight.task?.cancel()
            for waiter in flight.waiters.values { waiter.resume(throwing: Self.closed) }
        }
        for flight in ended { await flight.task?.value }
    }

    private func fly(_ key: String, _ number: UInt64, _ compute: @Sendable () async throws -> StoredValue) async {
        let result: Result<StoredValue, any Error>
        do {
            result = .success(try await compute())
        } catch {
            result = .failure(error)
        }
        let waiters = state.withLock { state -> [Waiter] in
            guard let flight = state.flights[key], flight.number == number else { return [] }
            state.flights[key] = nil
            return Array(flight.waiters.values)
        }
        for waiter in waiters { waiter.resume(with: result) }
    }

    private func leave(_ key: String, _ waiterNumber: UInt64) {
        let (waiter, abandoned) = state.withLock { state -> (Waiter?, Task<Void, Never>?) in
            guard let waiter = state.flights[key]?.waiters.removeValue(forKey: waiterNumber) else { return (nil, nil) }
            guard let flight = state.flights[key], flight.waiters.isEmpty else { return (waiter, nil) }
            state.flights[key] = nil
            return (waiter, flight.task)
        }
        abandoned?.cancel()
        waiter?.resume(throwing: CancellationError())
    }

    private static let closed = CacheError(
        .closed, "Waiting for a value that is being computed: the cache was closed. Stop its users first")
}
