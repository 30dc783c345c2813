public import LiteDB
import Synchronization

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Cable {
    /// Where clients come in: checks what they may do, and counts them. Any server framework can stand before it.
    ///
    /// A session (server-sent events) or a socket (WebSocket) begins with a ``Grant``. The gateway knows nothing of HTTP:
    /// the guide *Who may listen* shows what a framework has to do.
    public final class Gateway: Sendable {
        /// What clients can ask for at most.
        public struct Limits: Sendable {
            /// Connections of this process at a time. Default 10,000; one more is refused (`overLimit`). Each takes a
            /// descriptor, and a quiet one about 35 KiB, buffers of the server included. If the process may not have so
            /// many descriptors (`ulimit -n`), those that are open go on, and others wait until some have left.
            public var maximumConnectionCount = 10_000
            /// Channels of one subscription. Default 64.
            public var maximumChannelCount = 64
            /// Subscriptions of one socket. Default 32.
            public var maximumSubscriptionCount = 32
            /// Bytes of one command of a client. Default 64 KiB.
            public var maximumCommandBytes = 64 << 10
            /// How many numbers of the log, messages of all channels, are replayed to a client without the permission
            /// `replay`. Default 10,000. One that was away for longer gets a gap.
            public var maximumReplayCount: Int64 = 10_000
            /// How often something is sent on a quiet connection. Default 15 s. Less notices a lost one earlier.
            public var heartbeat = Duration.seconds(15)
            /// After what time a member counts as gone whose connection ended. Default 5 s, so that a page that is loaded
            /// again does not leave.
            public var presenceGrace = Duration.seconds(5)
            /// How long a client may leave what it was sent untaken. Default 30 s; then it is disconnected.
            public var stallTimeout = Duration.seconds(30)

            /// The defaults.
            public init() {}
        }

        /// The cable.
        public let cable: Cable
        /// The limits.
        public let limits: Limits
        private let connections = Mutex(0)

        /// A gateway to a cable.
        public init(_ cable: Cable, limits: Limits = Limits()) {
            self.cable = cable
            self.limits = limits
        }

        /// The time of day, as the cable has it.
        public var now: Date { cable.configuration.now() }

        /// How many clients are connected to this process.
        public var connectionCount: Int { connections.withLock { $0 } }

        /// Begins a session: one stream of messages to one client.
        ///
        /// - Parameters:
        ///   - grant: What the client may do.
        ///   - channels: What it asked for: names, or patterns if it may.
        ///   - start: Where it begins.
        ///   - presence: Channels on which it is present for as long as the session runs. Default none.
        ///   - connection: Its id. Default a fresh one.
        ///   - asked: Where the log ended before you found out what the client may do (``Cable/cursor()``): a disconnect
        ///     that came meanwhile ends the session. Default where it ends now.
        /// - Throws: `CableError` with `forbidden`, `expired`, `unauthorised`, `overLimit` or `invalidChannel`;
        ///   `DatabaseError`.
        public func session(
            for grant: Grant, channels: [String], from start: Start = .live, presence: [String] = [],
            connection: ConnectionID = ConnectionID(), asked: Cursor? = nil
        ) async throws -> Session {
            let seat = try Seat.take(in: self)
            return try await session(
                for: grant, channels: channels, from: start, presence: presence, connection: connection, seat: seat,
                asked: asked)
        }

        func session(
            for grant: Grant, channels: [String], from start: Start, presence: [String], connection: ConnectionID,
            seat: Seat, asked: Cursor?
        ) async throws -> Session {
            guard !channels.isEmpty || !presence.isEmpty else {
                throw CableError(.invalidCommand, "A client named no channel")
            }
            guard channels.count + presence.count <= limits.maximumChannelCount else {
                throw CableError(
                    .overLimit, "A client named more than the \(limits.maximumChannelCount) channels that are allowed")
            }
            let patterns = try Set(channels).sorted().map { try ChannelPattern($0) }
            try grant.check(subscribingTo: patterns)
            try grant.check(presenceOn: presence)
            try grant.check(start)
            let asked = try asked ?? cable.head()
            try check(grant, asked: asked)
            return try await Session(
                gateway: self, seat: seat, grant: grant, patterns: patterns, presence: Set(presence).sorted(),
                start: start, connection: connection, asked: asked)
        }

        /// A session whose channels your server chose, of whoever it let in: any name or pattern.
        ///
        /// - Throws: `CableError` with `overLimit`, `invalidCommand` or `invalidChannel`; `DatabaseError`.
        package func session(
            to channels: [String], from start: Start, connection: ConnectionID
        ) async throws -> Session {
            guard !channels.isEmpty else {
                throw CableError(.invalidCommand, "A stream was asked for without channels")
            }
            let patterns = try Set(channels).sorted().map { try ChannelPattern($0) }
            return try await Session(
                gateway: self, seat: try Seat.take(in: self),
                grant: try Grant(subject: connection.description, channels: [], permissions: .replay),
                patterns: patterns,
                presence: [], start: start, connection: connection, asked: try cable.head())
        }

        /// Checks that a grant counts now, which was asked for when the log ended there.
        ///
        /// - Throws: `CableError` with `expired` or `unauthorised`; `DatabaseError`.
        func check(_ grant: Grant, asked: Cursor) throws {
            let now = cable.clock.milliseconds()
            if let expiresAt = grant.expiresAt, expiresAt.wholeMilliseconds <= now {
                throw CableError(.expired, "A client's grant has expired: it needs a new one")
            }
            let issuedAt = grant.issuedAt?.wholeMilliseconds
            if let issuedAt, issuedAt < now - CableStore.keptMilliseconds {
                throw CableError(.expired, "A client's grant was issued more than 400 days ago: it needs a new one")
            }
            guard let last = try lastDisconnect(of: grant.subject) else { return }
            // Which of the two came first is told by the log, or by the clock if the grant is an older one.
            let isBefore = issuedAt.map { $0 <= last.milliseconds } ?? false
            guard !isBefore, last.seq <= asked.seq || asked.epochNumber != cable.store.epoch else {
                throw CableError(.unauthorised, "A client's grant is from before its subject was disconnected")
            }
        }

        func lastDisconnect(of subject: String) throws -> CableStore.Disconnect? {
            let store = cable.store
            return try cable.database.read { snapshot in try store.lastDisconnect(of: subject, in: snapshot) }
        }

        /// The messages of some channels behind a place, at most `limit`, without waiting: for clients that ask.
        ///
        /// - Returns: The events, and where to go on.
        /// - Throws: As ``session(for:channels:from:presence:connection:asked:)``.
        public func read(
            for grant: Grant, channels: [String], from start: Start, limit: Int = 100, asked: Cursor? = nil
        ) async throws -> (events: [Event], cursor: Cursor) {
            let session = try await session(for: grant, channels: channels, from: start, asked: asked)
            return try await session.read(limit: limit)
        }

        /// Runs `body` with a control whose deliveries cancel its task when the client takes nothing.
        func limitingStalls<R>(_ body: (LogReader.Control) async throws -> R) async throws -> R {
            let silent = Subscription(
                router: cable.router, matcher: ChannelMatcher([ChannelPattern]()), start: try cable.head(),
                isChecked: true,
                policy: .catchUpFromLog, connection: nil, portion: .small, onListening: {})
            let reader = try LogReader(silent)
            defer { withExtendedLifetime(reader) {} }
            let control = reader.control
            return try await control.limitingDeliveries(to: limits.stallTimeout) { try await body(control) }
        }

        /// One connected client, counted for as long as this lives.
        final class Seat: Sendable {
            private let gateway: Gateway

            private init(_ gateway: Gateway) {
                self.gateway = gateway
            }

            static func take(in gateway: Gateway) throws -> Seat {
                let limit = gateway.limits.maximumConnectionCount
                let isTaken = gateway.connections.withLock { count in
                    guard count < limit else { return false }
                    count += 1
                    return true
                }
                guard isTaken else {
                    throw CableError(.overLimit, "A client came when \(limit) were connected already")
                }
                return Seat(gateway)
            }

            deinit {
                gateway.connections.withLock { $0 -= 1 }
            }
        }
    }

    /// Ends every session and socket of a subject, in every process, and refuses the grants that it was given before.
    ///
    /// One write transaction. Whoever may come back gets a new grant.
    ///
    /// - Throws: `DatabaseError`.
    public func disconnect(subject: String) async throws {
        let (store, now) = (store, clock.milliseconds())
        try await database.write { transaction in try store.disconnect(subject, at: now, in: transaction) }
    }

    /// The same in the caller's transaction, such as the one that takes the subject's rights away.
    ///
    /// - Throws: `CableError` with `wrongDatabase`; `DatabaseError`.
    public func disconnect(subject: String, in transaction: borrowing Transaction) throws {
        try check(transaction.databaseIdentifier)
        try store.disconnect(subject, at: clock.milliseconds(), in: transaction)
    }
}
