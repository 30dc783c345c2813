import Synchronization

/// Runs `body` in a task of its own, until a deadline.
///
/// One that does not heed its cancellation goes on, and nobody waits for it.
///
/// - Throws: What `body` throws; `late` after `limit`.
func withDeadline<Value: Sendable>(
    _ limit: Duration, late: @escaping @Sendable () -> any Error,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let race = Race<Value>()
    let work = Task {
        do {
            race.finish(.success(try await body()))
        } catch {
            race.finish(.failure(error))
        }
    }
    let timer = Task {
        // Cancelled: the work was done in time.
        try? await Task.sleep(for: limit)
        if !Task.isCancelled { race.finish(.failure(late())) }
    }
    defer {
        timer.cancel()
        work.cancel()
    }
    return try await withTaskCancellationHandler {
        try await withUnsafeThrowingContinuation { race.wait($0) }
    } onCancel: {
        work.cancel()
    }
}

/// Two ends of one wait; the first counts.
private final class Race<Value: Sendable>: Sendable {
    private enum State {
        case running(UnsafeContinuation<Value, any Error>?)
        case ended(Result<Value, any Error>)
        case told
    }

    private let state = Mutex(State.running(nil))

    func wait(_ continuation: UnsafeContinuation<Value, any Error>) {
        let result = state.withLock { state -> Result<Value, any Error>? in
            guard case .ended(let result) = state else {
                state = .running(continuation)
                return nil
            }
            state = .told
            return result
        }
        if let result { continuation.resume(with: result) }
    }

    func finish(_ result: Result<Value, any Error>) {
        let waiter = state.withLock { state -> UnsafeContinuation<Value, any Error>? in
            guard case .running(let waiter) = state else { return nil }
            state = waiter == nil ? .ended(result) : .told
            return waiter
        }
        waiter?.resume(with: result)
    }
}
