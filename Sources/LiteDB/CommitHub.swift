import Synchronization

/// Tells everyone in this process who waits for commits, and remembers which header was told last.
///
/// Own commits are told with the tables that they wrote; a header that changed by anyone else's doing is told as
/// "anything may have changed".
final class CommitHub: Sendable {
    private struct State {
        var seen: ChangeToken
        var listeners: [ObjectIdentifier: CommitListener] = [:]
        /// An own COMMIT is under way: a header that changed now is probably ours.
        var isCommitting = false
        var isClosed = false
    }

    private let walIndex: WALIndex
    private let state: Mutex<State>

    init(walIndex: WALIndex) {
        self.walIndex = walIndex
        state = Mutex(State(seen: ChangeToken(header: walIndex.header())))
    }

    /// Whether anyone waits for commits.
    var hasListeners: Bool { state.withLock { !$0.listeners.isEmpty } }

    func add(_ listener: CommitListener) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.listeners[ObjectIdentifier(listener)] = listener }
            return state.isClosed
        }
        if isClosed { listener.end() }
    }

    func remove(_ listener: CommitListener) {
        state.withLock { $0.listeners[ObjectIdentifier(listener)] = nil }
    }

    /// Before an own COMMIT.
    func willCommit() {
        state.withLock { $0.isCommitting = true }
    }

    /// After an own COMMIT: tells the listeners of these tables, or everyone if others committed at the same time.
    ///
    /// - Returns: Whether anything was committed.
    @discardableResult
    func didCommit(since before: WALIndex.Header, tables: Set<String>) -> Bool {
        let now = walIndex.header()
        let (isChanged, told) = state.withLock { state -> (Bool, [CommitListener]) in
            state.isCommitting = false
            guard !now.equals(before) else { return (false, []) }
            let isOnlyOurs =
                now.commitCount == before.commitCount &+ 1 && state.seen.header.equals(before)
            state.seen = ChangeToken(header: now)
            guard !state.listeners.isEmpty else { return (true, []) }
            return (true, state.listeners.values.filter { !isOnlyOurs || $0.concerns(tables) })
        }
        for listener in told { listener.signal() }
        return isChanged
    }

    /// Looks whether anyone committed since the last look, and tells everyone.
    @discardableResult
    func lookForForeignCommits() -> Bool {
        let told = state.withLock { state -> [CommitListener]? in
            guard !state.isCommitting else { return nil }
            let now = ChangeToken(header: walIndex.header())
            guard now != state.seen else { return nil }
            state.seen = now
            return Array(state.listeners.values)
        }
        for listener in told ?? [] { listener.signal() }
        return told != nil
    }

    /// Lets every listener look, although nothing may have been committed.
    func signalEveryone() {
        let told = state.withLock { Array($0.listeners.values) }
        for listener in told { listener.signal() }
    }

    /// Ends every sequence, also those that start later.
    func close() {
        let ended = state.withLock { state in
            state.isClosed = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in ended { listener.end() }
    }
}
