import Dispatch
import Synchronization

/// A bell that one part of a test rings and another waits for.
///
/// It counts: a wait for the n-th ring returns at once if it has been, so it does not matter who comes first.
///
/// ```swift
/// let started = TestSignal()
/// async let written: Void = database.write { _ in started.send() }
/// try await started.wait()
/// ```
public final class TestSignal: Sendable {
    private let state = Mutex(State())

    /// Creates a signal that was not sent yet.
    public init() {}

    /// How often it was sent.
    public var count: Int { state.withLock { $0.count } }

    /// Sends it once more. Can be called anywhere, in a write closure too.
    public func send() {
        let reached = state.withLock { state in
            state.count += 1
            let reached = state.waiters.filter { $0.value.count <= state.count }
            for id in reached.keys { state.waiters[id] = nil }
            return reached.values
        }
        for waiter in reached { waiter.resume(.reached) }
    }

    /// Waits until it was sent `count` times in all.
    ///
    /// - Throws: ``TestTimeout``, or `CancellationError`.
    public func wait(
        count: Int = 1, within limit: Duration = .seconds(60), fileID: StaticString = #fileID, line: UInt = #line
    ) async throws {
        let id = state.withLock { $0.takeID() }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                add(Waiter(count: count) { continuation.resume(returning: $0) }, id: id, within: limit)
                // The handler may have run before there was a waiter to end.
                if Task.isCancelled { end(id, .cancelled) }
            }
        } onCancel: {
            end(id, .cancelled)
        }
        switch outcome {
        case .reached: return
        case .late: throw TestTimeout("Signal \(count)", within: limit, fileID: fileID, line: line)
        case .cancelled: throw CancellationError()
        }
    }

    /// Blocks the calling thread until it was sent `count` times in all: for closures that cannot await.
    ///
    /// - Throws: ``TestTimeout``.
    public func waitBlocking(
        count: Int = 1, within limit: Duration = .seconds(60), fileID: StaticString = #fileID, line: UInt = #line
    ) throws {
        let isOver = DispatchSemaphore(value: 0)
        let waiter = Waiter(count: count) { _ in isOver.signal() }
        add(waiter, id: state.withLock { $0.takeID() }, within: limit)
        isOver.wait()
        guard self.count >= count else {
            throw TestTimeout("Signal \(count)", within: limit, fileID: fileID, line: line)
        }
    }

    private func add(_ waiter: Waiter, id: Int, within limit: Duration) {
        let isReached = state.withLock { state in
            if state.count < waiter.count { state.waiters[id] = waiter }
            return state.count >= waiter.count
        }
        guard !isReached else { return waiter.resume(.reached) }
        DispatchQueue.global().asyncAfter(deadline: .now() + limit / .seconds(1)) { [weak self] in
            self?.end(id, .late)
        }
    }

    private func end(_ id: Int, _ outcome: Outcome) {
        state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(outcome)
    }
}

private enum Outcome: Sendable {
    case reached, late, cancelled
}

private struct Waiter: Sendable {
    let count: Int
    let resume: @Sendable (Outcome) -> Void
}

private struct State {
    var count = 0
    var waiters: [Int: Waiter] = [:]
    private var lastID = 0

    mutating func takeID() -> Int {
        lastID += 1
        return lastID
    }
}
