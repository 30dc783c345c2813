import LiteDB
import Synchronization

/// Where one subscription stands, and what it has ready.
///
/// It is used by one task: an iterator, or a session.
struct LogReader {
    /// Keeps the listener registered, and takes it out when the reader is gone.
    private final class Registration: Sendable {
        let router: Router
        let listener: Listener

        init(router: Router, listener: Listener) throws {
            self.router = router
            self.listener = listener
            try router.register(listener)
        }

        deinit {
            router.remove(listener)
        }
    }

    enum State {
        /// Something is ready, or was looked at: take it.
        case ready
        /// The log ends here.
        case wait
        /// The cable or its database is closed.
        case end
    }

    private let registration: Registration
    private let policy: Cable.SlowPolicy
    private let connection: String?
    private let portion: CableStore.Portion
    /// Where it stands if that is another log's place, or one that has to be looked at first.
    private var unchecked: Cable.Cursor?
    private var position: Int64
    private var toldThrough: Int64

    /// Of a policy with a bound: what was collected so far, and what is ready.
    private var collected = Collected()
    private var ready: [Cable.Event] = []
    private var nextReady = 0

    private var gaps: [Cable.Gap] = []
    private var messages: [Cable.Message] = []
    private var next = 0
    private var chunk: LogChunk?
    /// For each channel of the chunk, whether it is wanted; empty if all are.
    private var wanted: [Bool] = []

    private var router: Router { registration.router }
    private var listener: Listener { registration.listener }

    init(_ subscription: Cable.Subscription) throws {
        registration = try Registration(
            router: subscription.router, listener: Listener(matcher: subscription.matcher))
        subscription.onListening()
        policy = subscription.policy
        connection = subscription.connection?.description
        portion = subscription.portion
        unchecked = subscription.isChecked ? nil : subscription.start
        position = subscription.start.seq
        toldThrough = subscription.isChecked ? subscription.start.seq : 0
    }

    /// Everything up to here was taken, or does not concern this subscription. Only when `take` gave nil.
    var cursor: Cable.Cursor {
        unchecked ?? Cable.Cursor(epoch: router.store.epoch, seq: position)
    }

    /// What is ready, one after the other; nil when nothing is.
    mutating func take() -> Cable.Event? {
        if nextReady < ready.count {
            nextReady += 1
            return ready[nextReady - 1]
        }
        if !gaps.isEmpty { return .gap(gaps.removeFirst()) }
        if let chunk {
            while next < chunk.messages.count {
                let index = next
                next += 1
                let message = chunk.messages[index]
                guard message.stored.cursor.seq > position,
                    wanted.isEmpty || wanted[Int(chunk.channelIndices[index])], !isExcluded(message)
                else { continue }
                return .message(message)
            }
            position = max(position, chunk.through)
            self.chunk = nil
            next = 0
        }
        while next < messages.count {
            let message = messages[next]
            next += 1
            if !isExcluded(message) { return .message(message) }
        }
        if next > 0 { (messages, next) = ([], 0) }
        return nil
    }

    @inline(__always)
    private func isExcluded(_ message: Cable.Message) -> Bool {
        guard let connection, let excluded = message.stored.excluded else { return false }
        return excluded == connection
    }

    /// Makes more ready, or comes further. Only when `take` gave nil. Short: a long way is many calls.
    mutating func fill() throws -> State {
        switch policy {
        case .catchUpFromLog:
            return try step()
        case .dropOldest(let capacity):
            return try collect { collected in collected.dropOldest(but: max(capacity, 1)) }
        case .disconnect(let capacity):
            return try collect { collected in
                guard collected.messageCount > capacity else { return }
                throw CableError(
                    .tooSlow,
                    "Receiving messages: \(collected.messageCount) wait, where \(capacity) are allowed. Subscribe again "
                        + "after the last cursor, or read the data anew")
            }
        }
    }

    /// Comes a step nearer to the end of the log, keeps what `bound` leaves, and makes it ready there.
    private mutating func collect(_ bound: (inout Collected) throws -> Void) throws -> State {
        (ready, nextReady) = ([], 0)
        if collected.events.isEmpty { collected.from = cursor }
        let state = try step()
        while let event = take() { collected.add(event) }
        // The bound is looked at as it grows, so that what is kept stays small.
        try bound(&collected)
        if case .ready = state { return .ready }
        ready = collected.events
        collected = Collected()
        return ready.isEmpty ? state : .ready
    }

    private mutating func step() throws -> State {
        if let start = unchecked {
            try readLog(after: start)
            unchecked = nil
            return .ready
        }
        switch try router.next(listener, position: &position) {
        case .wait: return .wait
        case .end: return .end
        case .readLog: try readLog(after: Cable.Cursor(epoch: router.store.epoch, seq: position))
        case .take(let chunk): try receive(chunk)
        }
        return .ready
    }

    private mutating func readLog(after cursor: Cable.Cursor) throws {
        let (store, matcher, told, portion) = (router.store, listener.matcher, toldThrough, portion)
        let batch = try router.database.read { snapshot in
            try store.batch(after: cursor, matching: matcher, toldThrough: told, portion: portion, in: snapshot)
        }
        if let gap = batch.gap {
            gaps.append(gap)
            toldThrough = gap.to.seq
        }
        (messages, next) = (batch.messages, 0)
        position = batch.through
    }

    private mutating func receive(_ chunk: LogChunk) throws {
        if chunk.marks.contains(where: { $0.trimmedThrough > max(position, toldThrough) }) {
            // Retention was faster than this process: what the file says now decides.
            return try readLog(after: Cable.Cursor(epoch: router.store.epoch, seq: position))
        }
        let wanted = chunk.channels.map(listener.matcher.matches)
        self.wanted = wanted.allSatisfy { $0 } ? [] : wanted
        (self.chunk, next) = (chunk, 0)
    }

    // MARK: Waiting

    /// Waits until there may be more; false at the end or when the task is cancelled.
    func wait() async -> Bool {
        await listener.wait()
    }

    /// The same, and wakes at the deadline.
    func wait(until deadline: ContinuousClock.Instant) async -> Bool {
        router.setDeadline(deadline, for: listener)
        return await listener.wait()
    }

    /// What other tasks may touch: it ends the waiting, and a delivery that takes too long.
    var control: Control { Control(router: router, listener: listener) }

    struct Control: Sendable {
        fileprivate let router: Router
        fileprivate let listener: Listener

        /// Whether a disconnect may have come since it was last asked.
        func takeDisconnect() -> Bool {
            guard listener.mayBeDisconnected.load(ordering: .relaxed) else { return false }
            return listener.mayBeDisconnected.exchange(false, ordering: .relaxed)
        }

        /// Ends the waiting.
        func stop() {
            listener.end()
        }

        /// Runs `body` in a task that is cancelled when a delivery in it takes longer than `limit`.
        func limitingDeliveries<R>(to limit: Duration, _ body: () async throws -> R) async rethrows -> R {
            // A task outlives its own functions, and what is set here is taken back before this one returns.
            let task = withUnsafeCurrentTask { task in task }
            router.setDelivering(task, limit: limit, for: listener)
            defer { router.setDelivering(nil, limit: limit, for: listener) }
            return try await body()
        }

        /// One delivery.
        func deliver(_ body: () async throws -> Void) async rethrows {
            listener.deliveringSince.store(Listener.nanoseconds(at: .now), ordering: .relaxed)
            defer { listener.deliveringSince.store(0, ordering: .relaxed) }
            try await body()
        }
    }
}
