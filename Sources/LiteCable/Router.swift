import LiteDB
import Synchronization

/// Reads the log once for all subscriptions of a process, and wakes those that a new message concerns.
///
/// Nothing is queued for a subscription. The router keeps the last stretches of the log in memory, shared; each
/// subscription knows where it stands and takes the next one, or reads the file if it stands further back. So a slow one
/// costs nobody anything, and one whose channels are quiet is not even woken.
///
/// The task that reads starts with the first subscription and ends with the last, with the cable or with the database.
final class Router: Sendable {
    private struct State {
        var tree = PatternTree<Listener>()
        var listeners: [ObjectIdentifier: Listener] = [:]
        var registrationCount = 0
        /// The last stretches, without a hole between them.
        var chunks: [LogChunk] = []
        var chunkBytes = 0
        /// The log was read up to here.
        var head: Int64 = 0
        var pump: Task<Void, Never>?
        var ticker: Task<Void, Never>?
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

    /// How exactly deadlines are kept.
    static let tick = Duration.milliseconds(500)
    /// The most stretches that are kept, however small.
    private static let maximumChunkCount = 4_096

    let database: Database
    let store: CableStore
    let stamp: LogStamp
    private let recentBytes: Int
    private let state = Mutex(State())

    init(database: Database, store: CableStore, stamp: LogStamp, recentBytes: Int) {
        self.stamp = stamp
        self.database = database
        self.store = store
        self.recentBytes = recentBytes
    }

    /// How many tasks read the log now.
    private let readingCount = Atomic<Int>(0)

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
        let ended = state.withLock { state -> [Task<Void, Never>?] in
            guard state.listeners.removeValue(forKey: ObjectIdentifier(listener)) != nil else { return [] }
            for pattern in listener.matcher.patterns { state.tree.remove(listener, for: pattern) }
            return state.listeners.isEmpty ? Self.stop(&state) : []
        }
        for task in ended { task?.cancel() }
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

    // MARK: Reading

    private func pump(_ commits: CommitSequence.Iterator) async {
        readingCount.add(1, ordering: .relaxed)
        defer { readingCount.subtract(1, ordering: .relaxed) }
        do {
            while await commits.next() != nil, !Task.isCancelled {
                while !Task.isCancelled, let chunk = try readOn(), hand(on: chunk) {
                    // Behind the wake-ups: who waits does not wait for this as well.
                    stamp.note(chunk.through)
                }
            }
            // Cancelled: nobody listens, or others have taken over already. Otherwise the database was closed.
            if !Task.isCancelled { close() }
        } catch let error as DatabaseError where error.code == .closed {
            close()
        } catch {
            fail(error)
        }
    }

    /// The next stretch; nil at the end of the log.
    private func readOn() throws -> LogChunk? {
        let (after, registrationCount) = state.withLock { ($0.head, $0.registrationCount) }
        return try database.read { snapshot in
            let head = try store.head(in: snapshot)
            guard head > after else { return nil }
            var channels: [String: Bool] = [:]
            let marks = try store.marks(after: after, in: snapshot)
            let (messages, through) = try store.scan(after: after, through: head, .large, in: snapshot) {
                channel in
                if let known = channels[channel] { return known }
                let isWanted = hasListener(for: channel)
                channels[channel] = isWanted
                return isWanted
            }
            return LogChunk(
                after: after, through: through, messages: messages, channels: Array(channels.keys), marks: marks,
                registrationCount: registrationCount)
        }
    }

    /// False if nobody listens any more, or another task reads already: then this one ends.
    private func hand(on chunk: LogChunk) -> Bool {
        let woken = state.withLock { state -> [Listener]? in
            guard state.pump != nil, chunk.after == state.head else { return nil }
            state.head = chunk.through
            state.chunks.append(chunk)
            state.chunkBytes += chunk.byteCount
            forgetOldest(&state)
            var woken: [Listener] = []
            func wake(_ listener: Listener) {
                // One that has something pending already was signalled for it.
                guard listener.pendingFrom == nil else { return }
                listener.pendingFrom = chunk.after
                woken.append(listener)
            }
            Self.tellDisconnects(chunk, state)
            if chunk.marks.isEmpty {
                for channel in chunk.channels { state.tree.forEach(matching: channel, wake) }
            } else {
                state.listeners.values.forEach(wake)
            }
            return woken
        }
        for listener in woken ?? [] { listener.signal() }
        return woken != nil
    }

    /// Beside the log, since who stands far back in it comes to its disconnect late, or not at all.
    private static func tellDisconnects(_ chunk: LogChunk, _ state: borrowing State) {
        func tell(_ listener: Listener) { listener.mayBeDisconnected.store(true, ordering: .relaxed) }
        for channel in chunk.channels where channel.hasPrefix(CableStore.subjectPrefix) {
            state.tree.forEach(matching: channel, tell)
        }
        if !chunk.marks.isEmpty { state.listeners.values.forEach(tell) }
    }

    private func forgetOldest(_ state: inout State) {
        var count = 0
        while state.chunks.count - count > 1,
            state.chunkBytes > recentBytes || state.chunks.count - count > Self.maximumChunkCount
        {
            state.chunkBytes -= state.chunks[count].byteCount
            count += 1
        }
        // Removing from the front moves all of them, so a few more than needed leave at a time.
        guard count > 0 else { return }
        let more = min(state.chunks.count - 1, count + state.chunks.count / 8)
        for chunk in state.chunks[count..<max(count, more)] { state.chunkBytes -= chunk.byteCount }
        state.chunks.removeFirst(max(count, more))
    }

    // MARK: Deadlines

    /// Wakes the subscription by this time, if nothing else does; within a `tick`.
    func setDeadline(_ deadline: ContinuousClock.Instant?, for listener: Listener) {
        state.withLock { state in
            listener.deadline = deadline
            if deadline != nil { startTicking(&state) }
        }
    }

    private func startTicking(_ state: inout State) {
        guard state.ticker == nil, !state.listeners.isEmpty else { return }
        state.ticker = Task { [self] in await tickOn() }
    }

    private func tickOn() async {
        // Cancelled with the last subscription.
        while (try? await Task.sleep(for: Self.tick)) != nil {
            let now = ContinuousClock.now
            let due = state.withLock { state in
                for listener in state.listeners.values { Self.endIfStalled(listener, at: now) }
                return state.listeners.values.filter { listener in listener.deadline.map { $0 <= now } ?? false }
            }
            for listener in due { listener.signal() }
        }
    }

    /// From now on a delivery by this task that takes longer than the limit cancels it; nil ends that.
    func setDelivering(_ task: UnsafeCurrentTask?, limit: Duration, for listener: Listener) {
        // The task ends only after it has set nil here, so under the lock it is there.
        state.withLock { state in
            listener.delivering = task.map { ($0, limit) }
            if task != nil { startTicking(&state) }
        }
    }

    private static func endIfStalled(_ listener: Listener, at now: ContinuousClock.Instant) {
        guard let (task, limit) = listener.delivering else { return }
        let since = listener.deliveringSince.load(ordering: .relaxed)
        guard since != 0 else { return }
        if Duration.nanoseconds(Listener.nanoseconds(at: now) - since) >= limit { task.cancel() }
    }

    // MARK: The end

    /// Ends all subscriptions, also those to come.
    func close() {
        end { $0.isClosed = true }
    }

    private func fail(_ error: any Error) {
        end { $0.failure = error }
    }

    private func end(_ mark: (inout State) -> Void) {
        let (tasks, listeners) = state.withLock { state -> ([Task<Void, Never>?], [Listener]) in
            mark(&state)
            return (Self.stop(&state), Array(state.listeners.values))
        }
        for task in tasks { task?.cancel() }
        for listener in listeners { listener.signal() }
    }

    private static func stop(_ state: inout State) -> [Task<Void, Never>?] {
        defer {
            (state.pump, state.ticker) = (nil, nil)
            (state.chunks, state.chunkBytes) = ([], 0)
        }
        return [state.pump, state.ticker]
    }
}
