import LiteDB
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Cable {
    /// What is sent to a client.
    public enum Delivery: Sendable {
        /// A message.
        case message(Message)
        /// Messages may be missing.
        case gap(Gap)
        /// Who is on a channel at a cursor. The presence messages behind it change it.
        case present(channel: String, members: [Member], at: Cursor)
        /// Nothing happened for a while. Everything up to the cursor was sent or does not concern the client.
        case heartbeat(Cursor)
    }

    /// Why a session ended.
    public enum End: String, Sendable {
        /// The grant has expired.
        case expired
        /// `disconnect(subject:)` was called.
        case disconnected
        /// The server ends, or the cable or its database was closed.
        case closed
    }

    /// One stream of messages to one client. A server calls ``run(_:ending:)`` and sends what it is given.
    public final class Session: Sendable {
        /// The client's connection.
        public let connection: ConnectionID
        let gateway: Gateway
        let grant: Grant
        let presence: [String]
        private let seat: Gateway.Seat
        private let subscription: Subscription
        private let gap: Gap?
        /// Where the log ended when it began.
        private let opening: Cursor
        /// Where the log ended when its grant was asked for: a disconnect from before is not meant for it.
        private let asked: Cursor
        private let deadline: ContinuousClock.Instant?
        private let state = Mutex(State())

        private struct State {
            var isStopped = false
            var control: LogReader.Control?
        }

        private var cable: Cable { gateway.cable }

        init(
            gateway: Gateway, seat: Gateway.Seat, grant: Grant, patterns: [ChannelPattern], presence: [String],
            start: Start, connection: ConnectionID, asked: Cursor
        ) async throws {
            let cable = gateway.cable
            let opening = try cable.head()
            let watched = try presence.map { try ChannelPattern(CableStore.presencePrefix + $0) }
            let matcher = try Self.matcher(for: grant, patterns + watched)
            let gap = Self.gap(at: start, end: opening, for: grant, gateway.limits)
            subscription = try await cable.subscribe(
                matching: matcher, from: gap.map { .after($0.to) } ?? start, as: connection, portion: .small)
            self.gateway = gateway
            self.seat = seat
            self.grant = grant
            self.presence = presence
            self.connection = connection
            (self.opening, self.asked) = (opening, asked)
            self.gap = gap
            deadline = Self.deadline(of: grant, cable)
        }

        /// A session that receives nothing but its end.
        init(gateway: Gateway, seat: Gateway.Seat, grant: Grant, connection: ConnectionID, asked: Cursor) throws {
            let cable = gateway.cable
            let opening = try cable.head()
            subscription = Subscription(
                router: cable.router, matcher: try Self.matcher(for: grant, []), start: opening, isChecked: true,
                policy: .catchUpFromLog, connection: nil, portion: .small, onListening: {})
            self.gateway = gateway
            self.seat = seat
            self.grant = grant
            self.connection = connection
            (self.opening, self.asked) = (opening, asked)
            presence = []
            gap = nil
            deadline = Self.deadline(of: grant, cable)
        }

        /// What it asked for, and what tells it that it is disconnected.
        private static func matcher(for grant: Grant, _ patterns: [ChannelPattern]) throws -> ChannelMatcher {
            ChannelMatcher(patterns + [try ChannelPattern(CableStore.subjectChannel(grant.subject))])
        }

        private static func deadline(of grant: Grant, _ cable: Cable) -> ContinuousClock.Instant? {
            grant.expiresAt.map { expiresAt in
                .now + .milliseconds(expiresAt.wholeMilliseconds) - .milliseconds(cable.clock.milliseconds())
            }
        }

        /// The gap instead of a replay that the grant does not allow.
        private static func gap(at start: Start, end: Cursor, for grant: Grant, _ limits: Gateway.Limits) -> Gap? {
            guard case .after(let cursor) = start, !grant.permissions.contains(.replay),
                cursor.epochNumber == end.epochNumber, end.seq - cursor.seq > limits.maximumReplayCount
            else { return nil }
            return Gap(reason: .notReplayed, from: cursor, to: end, resumesAfter: end)
        }

        /// Ends `run`, from any task: for a server that shuts down.
        public func stop() {
            let control = state.withLock { state in
                state.isStopped = true
                return state.control
            }
            control?.stop()
        }

        /// Delivers until the session ends. It is for one call.
        ///
        /// - Parameters:
        ///   - deliver: Sends to the client, and returns when it can take more. Nothing is queued meanwhile. One
        ///   that takes longer than the gateway's `stallTimeout` is cancelled.
        ///   - ending: Tells the client why it ended, within the same time. Default nothing.
        /// - Returns: Why it ended.
        /// - Throws: What `deliver` throws; `CancellationError` if the task was cancelled, as when the client left;
        ///   `CableError` with `unauthorised` or `expired`; `DatabaseError`.
        public func run(
            _ deliver: (Delivery) async throws -> Void, ending: (End) async throws -> Void = { _ in }
        ) async throws -> End {
            var reader = try LogReader(subscription)
            let control = reader.control
            let isStopped = state.withLock { state in
                state.control = control
                return state.isStopped
            }
            return try await control.limitingDeliveries(to: gateway.limits.stallTimeout) {
                let end = isStopped ? .closed : try await serve(&reader, control, deliver)
                try await control.deliver { try await ending(end) }
                return end
            }
        }

        private func serve(
            _ reader: inout LogReader, _ control: LogReader.Control, _ deliver: (Delivery) async throws -> Void
        ) async throws -> End {
            // Only now, when a disconnect that comes later is received.
            try gateway.check(grant, asked: asked)
            // An id of its own: a socket has several sessions, and one that ends must not take the others' seats away.
            let chair = ConnectionID()
            defer {
                if !presence.isEmpty { cable.presence.leaveSoon(chair, after: gateway.limits.presenceGrace) }
            }
            func send(_ delivery: Delivery) async throws {
                try await control.deliver { try await deliver(delivery) }
            }
            if let gap { try await send(.gap(gap)) }
            for channel in presence {
                try await cable.presence.join(
                    channel, as: grant.subject, infoJSON: grant.info ?? Array("null".utf8), connection: chair)
            }
            return try await pass(&reader, control, try await list(send), send)
        }

        /// Delivers who is there, on each channel of its presence.
        private func list(_ deliver: (Delivery) async throws -> Void) async throws -> Cursor {
            // Then those of a channel that the server chose concern the client, all of them.
            guard !presence.isEmpty else { return Cursor(epoch: opening.epochNumber, seq: 0) }
            // One view for all lists: what changes any of them lies behind its cursor.
            let (lists, cursor) = try cable.database.read { snapshot in
                (
                    try presence.map { channel in (channel, try cable.presence.members(of: channel, in: snapshot)) },
                    try cable.cursor(in: snapshot)
                )
            }
            for (channel, members) in lists {
                try await deliver(.present(channel: channel, members: members, at: cursor))
            }
            return cursor
        }

        private func pass(
            _ reader: inout LogReader, _ control: LogReader.Control, _ start: Cursor,
            _ deliver: (Delivery) async throws -> Void
        ) async throws -> End {
            var listed = start
            let heartbeat = gateway.limits.heartbeat
            var nextHeartbeat = ContinuousClock.now + heartbeat
            var (hasDelivered, isOnItsWay) = (false, false)
            while true {
                while let event = reader.take() {
                    if let end = try endNow(control) { return end }
                    guard concernsClient(event, listed) else { continue }
                    try await deliver(Self.delivery(of: event))
                    // Who came and went may be among what is missing.
                    if case .gap = event { listed = try await list(deliver) }
                    hasDelivered = true
                }
                try Task.checkCancellation()
                if let end = try endNow(control) { return end }
                if hasDelivered { (nextHeartbeat, hasDelivered) = (.now + heartbeat, false) }
                // On a long way through what others were sent it would give up, and begin again where it was.
                if isOnItsWay, ContinuousClock.now >= nextHeartbeat {
                    try await deliver(.heartbeat(reader.cursor))
                    nextHeartbeat = .now + heartbeat
                }
                let state = try reader.fill()
                if case .end = state { return .closed }
                guard case .wait = state else {
                    // A long way behind: others of this thread's tasks want to run as well.
                    isOnItsWay = true
                    await Task.yield()
                    continue
                }
                isOnItsWay = false
                if ContinuousClock.now >= nextHeartbeat {
                    try await deliver(.heartbeat(reader.cursor))
                    nextHeartbeat = .now + heartbeat
                }
                // Told while the reader was ahead of it, nothing would wake it.
                if let end = try endNow(control) { return end }
                guard await reader.wait(until: deadline.map { min($0, nextHeartbeat) } ?? nextHeartbeat) else {
                    try Task.checkCancellation()
                    return .closed
                }
            }
        }

        /// Looked at before each delivery, since a client that is far behind never comes to rest.
        private func endNow(_ control: LogReader.Control) throws -> End? {
            if state.withLock({ $0.isStopped }) { return .closed }
            if let deadline, ContinuousClock.now >= deadline { return .expired }
            guard control.takeDisconnect(), let last = try gateway.lastDisconnect(of: grant.subject) else { return nil }
            return last.seq > asked.seq ? .disconnected : nil
        }

        private static func delivery(of event: Event) -> Delivery {
            switch event {
            case .message(let message): .message(message)
            case .gap(let gap): .gap(gap)
            }
        }

        /// Disconnects are told beside the log, and what the list of members shows need not be told again.
        private func concernsClient(_ event: Event, _ listed: Cursor) -> Bool {
            guard case .message(let message) = event, message.channel.utf8.first == UInt8(ascii: "$") else {
                return true
            }
            guard message.channel.hasPrefix(CableStore.presencePrefix) else { return false }
            return message.cursor.seq > listed.seq
        }

        /// What lies ahead now, at most `limit` events.
        func read(limit: Int) async throws -> (events: [Event], cursor: Cursor) {
            var events: [Event] = gap.map { [.gap($0)] } ?? []
            var messageCount = 0
            var reader = try LogReader(subscription)
            while true {
                while let event = reader.take() {
                    guard concernsClient(event, opening) else { continue }
                    events.append(event)
                    // A gap does not count: it may not move the place.
                    if case .gap = event { continue }
                    messageCount += 1
                    if messageCount >= max(limit, 1) { return (events, event.cursor) }
                }
                try Task.checkCancellation()
                guard case .ready = try reader.fill() else { return (events, reader.cursor) }
                await Task.yield()
            }
        }
    }
}
