import LiteDB
import Synchronization

/// Reads the log once for all subscriptions of a process, and wakes those that a new message concerns.
///
/// Nothing is queued for a subscription. The router keeps the last stretches of the log in memory, shared; each
/// subscription knows where it stands and takes the next one, or reads the file if it stands further back. So a slow one
/// costs nobody anything, and one whose channels are quiet is not even woken.
///
/// The task that reads starts with the first subscription and ends with the last, with the cable or with the database. What
/// this process publishes itself is handed on without being read, if it follows directly on what was read before.
final class Router: Sendable {
    struct State {
        var tree = PatternTree<Listener>()
        var listeners: [ObjectIdentifier: Listener] = [:]
        var registrationCount = 0
        /// The last stretches, without a hole between them.
        var chunks: [LogChunk] = []
        var chunkBytes = 0
        /// The log was read up to here.
        var head: Int64 = 0
        var pump: Task<Void, Never>?
        /// When each subscription is looked at, and the task that does it from `nextStep` on.
        var deadlines = Deadlines<ObjectIdentifier>()
        var ticker: Task<Void, Never>?
        var nextStep: Int64?
        var failure: (any Error)?
        var isClosed = false
    }

    /// What a subscription does next.
    enum Step {
        case wait
        case take(LogChunk)
        case readLog
        case end
    }

    let database: Database
    let store: CableStore
    let stamp: LogStamp
    let recentBytes: Int
    let state = Mutex(State())

    init(database: Database, store: CableStore, stamp: LogStamp, recentBytes: Int) {
        self.stamp = stamp
        self.database = database
        self.store = store
        self.recentBytes = recentBytes
    }

    /// How many tasks read the log now.
    let readingCount = Atomic<Int>(0)

    /// Whether a task reads the log.
    var isReading: Bool { readingCount.load(ordering: .relaxed) > 0 }

    var listenerCount: Int { state.withLock { $0.listeners.count } }

    /// Whether somebody listens to this channel.
    func hasListener(for channel: String) -> Bool { state.withLock { $0.tree.hasMatch(channel) } }

    /// Whether somebody listens to presence.
    func hasListener(where isWanted: (ChannelPattern) -> Bool) -> Bool {
        state.withLock { state in state.listeners.values.contains { $0.matcher.patterns.contains(where: isWanted) } }
    }

    // MARK: Subscriptions

    /// Registers a subscription. From now on it is woken for its channels.
    ///
    /// - Throws: `DatabaseError` if the log cannot be read.
    func register(_ listener: Listener) throws {
        // Before the first look at where the log ends, so that no commit falls between the two.
        let commits = database.changes(in: ["lite_cable_messages"]).makeAsyncIterator()
        let head = try database.read { snapshot in try store.head(in: snapshot) }
        stamp.note(head)
        state.withLock { state in
            guard !state.isClosed else { return listener.end() }
            state.registrationCount += 1
            listener.number = state.registrationCount
            state.listeners[ObjectIdentifier(listener)] = listener
            for pattern in listener.matcher.patterns { state.tree.insert(listener, for: pattern) }
            guard state.pump == nil else { return }
            state.head = head
            state.failure = nil
            nonisolated(unsafe) let commits = commits  // only the task uses it from here on
            state.pump = Task { [self] in await pump(commits) }
        }
    }

    func remove(_ listener: Listener) {
        let pump = state.withLock { state -> Task<Void, Never>? in
            guard state.listeners.removeValue(forKey: ObjectIdentifier(listener)) != nil else { return nil }
            for pattern in listener.matcher.patterns { state.tree.remove(listener, for: pattern) }
            state.deadlines.remove(ObjectIdentifier(listener))
            guard state.listeners.isEmpty else { return nil }
            // Under the lock, so that it does not wake up once more and look at whoever comes next.
            state.ticker?.cancel()
            (state.ticker, state.nextStep) = (nil, nil)
            return Self.stop(&state)
        }
        pump?.cancel()
    }

    /// What the subscription at `position` does next. The position moves over what does not concern it.
    func next(_ listener: Listener, position: inout Int64) throws -> Step {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            if state.isClosed { return .end }
            if let pending = listener.pendingFrom, pending > position { position = pending }
            if listener.pendingFrom == nil { position = max(position, state.head) }
            guard position < state.head else {
                listener.pendingFrom = nil
                return .wait
            }
            listener.pendingFrom = position
            guard let chunk = Self.chunk(behind: position, in: state.chunks),
                chunk.registrationCount >= listener.number
            else { return .readLog }
            return .take(chunk)
        }
    }

    private static func chunk(behind position: Int64, in chunks: [LogChunk]) -> LogChunk? {
        var (low, high) = (0, chunks.count)
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle].through > position { high = middle } else { low = middle + 1 }
        }
        guard low < chunks.count, chunks[low].after <= position else { return nil }
        return chunks[low]
    }

    // MARK: The end

    /// Ends all subscriptions, also those to come.
    func close() {
        end { $0.isClosed = true }
    }

    func fail(_ error: any Error) {
        end { $0.failure = error }
    }

    private func end(_ mark: (inout State) -> Void) {
        // Deliveries that stall are ended afterwards as well, so the ticker stays for as long as anybody is there.
        let (pump, listeners) = state.withLock { state -> (Task<Void, Never>?, [Listener]) in
            mark(&state)
            return (Self.stop(&state), Array(state.listeners.values))
        }
        pump?.cancel()
        for listener in listeners { listener.signal() }
    }

    private static func stop(_ state: inout State) -> Task<Void, Never>? {
        defer {
            state.pump = nil
            (state.chunks, state.chunkBytes) = ([], 0)
        }
        return state.pump
    }
}
