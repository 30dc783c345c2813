public import LiteDB
import Logging
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Cable {
    /// Who is on which channel, across processes.
    ///
    /// A member is there while it has a connection there. Joining, leaving and changes of its info are ordinary messages
    /// of the channel `$presence.<channel>`, with the events `join`, `leave` and `update` and the payload
    /// `{"member":…,"info":…}`; they are committed together with what ``members(of:)`` lists.
    ///
    /// A connection that was joined through this process is renewed by it until it leaves. When the process is killed its
    /// members leave within the configured timeout and a third, as long as any process uses presence on the file.
    public final class Presence: Sendable {
        struct State {
            var seats: [CableStore.Seat: [UInt8]] = [:]
            /// Connections that ended, and until when they count.
            var leaving: [(connection: String, at: Int64)] = []
            var keeper: Task<Void, Never>?
            /// How often it was asked for.
            var startCount = 0
            var isStopped = false
        }

        let database: Database
        let store: CableStore
        let router: Router
        let clock: WallClock
        let timeout: Duration
        let logger: Logger
        let state = Mutex(State())

        init(
            database: Database, store: CableStore, router: Router, clock: WallClock, timeout: Duration, logger: Logger
        ) {
            self.database = database
            self.store = store
            self.router = router
            self.clock = clock
            self.timeout = timeout
            self.logger = logger
        }

        /// A member's connection comes to a channel. One write transaction.
        ///
        /// - Parameters:
        ///   - channel: As for publishing, at most 502 bytes.
        ///   - member: Who. 1 to 512 bytes, without control characters. Take it from what you know of the client, never
        ///     from what it says.
        ///   - info: What the others are told of the member. The newest of its connections counts for all.
        ///   - connection: Its connection. A member with several is there until the last has left.
        /// - Throws: `CableError` with `invalidChannel`, `unencodable` or `tooLarge`; `DatabaseError`.
        public func join(
            _ channel: String, as member: String, info: some Encodable & Sendable = Nothing(),
            connection: ConnectionID
        ) async throws {
            try await join(channel, as: member, infoJSON: try Cable.encoded(info), connection: connection)
        }

        func join(_ channel: String, as member: String, infoJSON info: [UInt8], connection: ConnectionID) async throws {
            try Self.check(channel, member, info)
            let seat = CableStore.Seat(channel: channel, member: member, connection: connection.description)
            try await take(seat, info)
            state.withLock { state in
                state.seats[seat] = info
            }
            startKeeping()
        }

        /// Changes what is told of a member that is there. One write transaction.
        ///
        /// - Returns: Whether it is there.
        /// - Throws: `CableError` with `invalidChannel`, `unencodable` or `tooLarge`; `DatabaseError`.
        @discardableResult
        public func update(
            _ channel: String, member: String, info: some Encodable & Sendable
        ) async throws -> Bool {
            let info = try Cable.encoded(info)
            try Self.check(channel, member, info)
            state.withLock { state in
                for seat in state.seats.keys where seat.channel == channel && seat.member == member {
                    state.seats[seat] = info
                }
            }
            let (store, now) = (store, clock.milliseconds())
            return try await database.write { transaction in
                try store.setInfo(info, of: member, on: channel, at: now, in: transaction)
            }
        }

        /// A member's connection leaves a channel. One write transaction.
        ///
        /// - Parameters:
        ///   - channel: The channel.
        ///   - member: Who.
        ///   - connection: Its connection.
        ///   - grace: After what time it counts as gone, so that a page that is loaded again is no leaving. Default zero.
        /// - Throws: `DatabaseError`.
        public func leave(
            _ channel: String, member: String, connection: ConnectionID, after grace: Duration = .zero
        ) async throws {
            let seat = CableStore.Seat(channel: channel, member: member, connection: connection.description)
            state.withLock { state in _ = state.seats.removeValue(forKey: seat) }
            let (store, now) = (store, clock.milliseconds())
            let time = now + max(grace, .zero).wholeMilliseconds
            try await database.write { transaction in try store.leave(seat, at: time, now: now, in: transaction) }
            startKeeping()
        }

        /// A connection leaves every channel. One write transaction.
        ///
        /// - Parameters:
        ///   - connection: The connection.
        ///   - grace: As for ``leave(_:member:connection:after:)``.
        /// - Throws: `DatabaseError`.
        public func leave(_ connection: ConnectionID, after grace: Duration = .zero) async throws {
            let name = connection.description
            state.withLock { state in state.seats = state.seats.filter { $0.key.connection != name } }
            let (store, now) = (store, clock.milliseconds())
            let time = now + max(grace, .zero).wholeMilliseconds
            try await database.write { transaction in
                try store.leave(connection: name, at: time, now: now, in: transaction)
            }
            startKeeping()
        }

        /// The same without waiting: the task that keeps presence does it within a second, with others at once. For a
        /// task that is cancelled, which could write nothing.
        func leaveSoon(_ connection: ConnectionID, after grace: Duration) {
            let name = connection.description
            let time = clock.milliseconds() + max(grace, .zero).wholeMilliseconds
            state.withLock { state in
                state.seats = state.seats.filter { $0.key.connection != name }
                state.leaving.append((name, time))
            }
            startKeeping()
        }

        /// Keeps a connection that this process does not hold, such as of a client that asks every few seconds, for
        /// another timeout. One write transaction.
        ///
        /// - Returns: On how many channels it is. None: it has to join again.
        /// - Throws: `DatabaseError`.
        public func heartbeat(_ connection: ConnectionID) async throws -> Int {
            let (store, expiry) = (store, expiry)
            return try await database.write { transaction in
                try store.renew(connection: connection.description, until: expiry, in: transaction)
            }
        }

        /// Who is on a channel now, by name. One read.
        ///
        /// - Throws: `DatabaseError`.
        public func members(of channel: String) async throws -> [Member] {
            try database.read { snapshot in try store.members(of: channel, at: clock.milliseconds(), in: snapshot) }
        }

        /// Who is on a channel in a view of the database. With ``Cable/cursor(in:)`` of the same view, the presence
        /// messages behind that cursor are exactly what changes it.
        ///
        /// - Throws: `DatabaseError`.
        public func members(
            of channel: String, in access: borrowing some ReadAccess & ~Copyable
        ) throws -> [Member] {
            try store.members(of: channel, at: clock.milliseconds(), in: access)
        }

        private static func check(_ channel: String, _ member: String, _ info: [UInt8]) throws {
            try ChannelName.check(channel)
            guard channel.utf8.count <= ChannelName.maximumBytes - CableStore.presencePrefix.utf8.count else {
                throw CableError(.invalidChannel, "Joining a channel whose name has more than 502 bytes")
            }
            guard (1...ChannelName.maximumBytes).contains(member.utf8.count), !ChannelName.hasControl(member) else {
                throw CableError(
                    .invalidChannel, "Joining as a member whose name is empty, too long or holds a control character")
            }
            guard info.count <= 16 << 10 else {
                throw CableError(.tooLarge, "Joining with an info of \(info.count) bytes: at most 16 KiB are allowed")
            }
        }
    }
}
