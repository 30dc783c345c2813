/// One waiting write: what it does, until when it may wait, and whom to tell.
///
/// `@unchecked Sendable`: the state is guarded by the writer's monitor until the operation is started; from then on
/// only the thread that started it touches it.
final class WriteOperation: @unchecked Sendable {
    enum State {
        case waiting
        case started
        case finished
    }

    /// How the writer runs it.
    enum Kind {
        /// A user's closure: a savepoint of its own, at most once.
        case closure
        /// A single statement as a value: run again if another write ended the group.
        case statement
        /// Alone, outside any transaction: migrations and the like, which begin their own.
        case exclusive
    }

    /// Who waits for it.
    enum Waiter {
        case task(UnsafeContinuation<Void, any Error>)
        case thread(BlockingAnswer)
    }

    let kind: Kind
    let enqueued = MonotonicTime.now
    let deadline: MonotonicTime
    let callSite: CallSite
    let context: CallerContext
    /// Set before it is queued, taken once.
    var waiter: Waiter?
    var state = State.waiting
    var isCancelled = false
    var hasRunBefore = false
    /// Does the work; its result goes where the caller finds it.
    private let body: @Sendable (Connection) throws -> Void

    init(
        kind: Kind, timeout: Duration, callSite: CallSite, context: CallerContext,
        body: @escaping @Sendable (Connection) throws -> Void
    ) {
        self.kind = kind
        deadline = enqueued + timeout
        self.callSite = callSite
        self.context = context
        self.body = body
    }

    func run(on connection: Connection) throws {
        try body(connection)
    }

    /// Tells the caller that it is committed, or what came of it instead.
    func finish(_ error: (any Error)?) {
        guard let waiter else { return }
        self.waiter = nil
        switch (waiter, error) {
        case (.task(let continuation), let error?): continuation.resume(throwing: error)
        case (.task(let continuation), nil): continuation.resume()
        case (.thread(let answer), let error): answer.give(error)
        }
    }
}
