public import LiteDB
public import Logging

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Messages between the processes of a server: one log in an SQLite file, read by subscribers with a cursor.
///
/// ```swift
/// try await cable.publish(Ready(drawing: 7), to: "drawing-7")
/// for try await event in try await cable.subscribe(to: ["drawing-7"], from: .after(page.cursor)) { … }
/// ```
///
/// The order of messages is the order of commits, the same for every subscriber in every process. A message that is
/// published in a transaction is seen if and only if that transaction commits.
public final class Cable: Sendable {
    let database: Database
    let store: CableStore
    private let configuration: Configuration
    private let clock: WallClock
    private let ownsDatabase: Bool

    /// Uses the log in a database that is open already; its tables are made if they are missing.
    ///
    /// - Throws: `DatabaseError`.
    public convenience init(
        _ database: Database, configuration: Configuration = Configuration(), logger: Logger = .current
    ) async throws {
        try await self.init(database, configuration, logger, ownsDatabase: false)
    }

    /// Opens a log in a file of its own, for messages that join no transaction of the application.
    ///
    /// - Throws: `DatabaseError`.
    public static func open(
        at path: String, configuration: Configuration = Configuration(), logger: Logger = .current
    ) async throws -> Cable {
        let database = try await Database.open(at: path, logger: logger)
        do {
            return try await Cable(database, configuration, logger, ownsDatabase: true)
        } catch {
            await database.close()
            throw error
        }
    }

    private init(
        _ database: Database, _ configuration: Configuration, _ logger: Logger, ownsDatabase: Bool
    ) async throws {
        try await database.prepare(CableSchema.tables)
        let epoch = try database.read { snapshot in try CableStore.epoch(in: snapshot) }
        self.database = database
        self.configuration = configuration
        self.ownsDatabase = ownsDatabase
        store = CableStore(epoch: epoch, configuration: configuration)
        clock = WallClock(source: configuration.now, logger: logger)
    }

    /// Closes the file if the cable opened it. Subscriptions end.
    public func close() async {
        if ownsDatabase { await database.close() }
    }

    /// Publishes a value as JSON, and returns when it is committed. One write transaction.
    ///
    /// - Returns: The message's place in the log.
    /// - Throws: `CableError` with `invalidChannel`, `unencodable` or `tooLarge`; `DatabaseError`.
    @discardableResult
    public func publish(_ payload: some Encodable & Sendable, to channel: String) async throws -> Cursor {
        try await publish(bytes: try encoded(payload), to: channel)
    }

    /// Publishes a value as JSON in the caller's transaction: it is seen when, and only when, that commits.
    ///
    /// - Returns: The message's place in the log, if the transaction commits.
    /// - Throws: `CableError` with `wrongDatabase`, `invalidChannel`, `unencodable` or `tooLarge`; `DatabaseError`.
    @discardableResult
    public func publish(
        _ payload: some Encodable, to channel: String, in transaction: borrowing Transaction
    ) throws -> Cursor {
        try publish(bytes: try encoded(payload), to: channel, in: transaction)
    }

    /// Publishes bytes as they are, and returns when they are committed. One write transaction.
    ///
    /// - Returns: The message's place in the log.
    /// - Throws: `CableError` with `invalidChannel` or `tooLarge`; `DatabaseError`.
    @discardableResult
    public func publish(bytes: [UInt8], to channel: String) async throws -> Cursor {
        try check(bytes, channel)
        let (store, clock) = (store, clock)
        return try await database.write { transaction in
            try store.append(bytes, to: channel, at: clock.milliseconds(), in: transaction)
        }
    }

    /// Publishes bytes as they are in the caller's transaction.
    ///
    /// - Returns: The message's place in the log, if the transaction commits.
    /// - Throws: `CableError` with `wrongDatabase`, `invalidChannel` or `tooLarge`; `DatabaseError`.
    @discardableResult
    public func publish(bytes: [UInt8], to channel: String, in transaction: borrowing Transaction) throws -> Cursor {
        try check(transaction.databaseIdentifier)
        try check(bytes, channel)
        return try store.append(bytes, to: channel, at: clock.milliseconds(), in: transaction)
    }

    /// Where the log ends in a view of the database: what that view shows, and nothing after it.
    ///
    /// A page that is rendered from the view passes this cursor to its subscription, which then misses nothing that
    /// is committed in between.
    ///
    /// - Throws: `CableError` with `wrongDatabase`; `DatabaseError`.
    public func cursor(in access: borrowing some ReadAccess & ~Copyable) throws -> Cursor {
        try check(access.databaseIdentifier)
        return try store.cursor(in: access)
    }

    /// Where the log ends now. One read.
    ///
    /// - Throws: `DatabaseError`.
    public func cursor() async throws -> Cursor {
        try database.read { snapshot in try store.cursor(in: snapshot) }
    }

    /// Starts a subscription. It begins here, not when it is first iterated: what is committed after this call
    /// returned is delivered.
    ///
    /// Nothing is buffered: each iteration reads the log where it stands, so a slow subscriber costs no memory, and
    /// one that falls behind what is kept is told by a gap.
    ///
    /// - Parameters:
    ///   - channels: The channels, by their exact names. One order holds for all of them.
    ///   - start: Where to begin. Default `.live`.
    /// - Throws: `DatabaseError`.
    public func subscribe(to channels: some Sequence<String>, from start: Start = .live) async throws -> Subscription {
        let cursor =
            switch start {
            case .live: try await cursor()
            case .after(let cursor): cursor
            }
        return Subscription(database: database, store: store, channels: Array(Set(channels)).sorted(), start: cursor)
    }

    private func encoded(_ payload: some Encodable) throws -> [UInt8] {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return Array(try encoder.encode(payload))
        } catch {
            throw CableError(
                .unencodable, "Publishing a \(type(of: payload)): it cannot be encoded as JSON", underlying: error)
        }
    }

    private func check(_ identifier: DatabaseIdentifier) throws {
        guard identifier == database.identifier else {
            throw CableError(
                .wrongDatabase,
                "Using the cable of \(database.path) in a transaction or snapshot of another file: their commits are "
                    + "not one. Use the database that the cable lives in")
        }
    }

    private func check(_ bytes: [UInt8], _ channel: String) throws {
        guard !channel.isEmpty, channel.utf8.count <= 512 else {
            throw CableError(
                .invalidChannel,
                "Publishing to a channel whose name has \(channel.utf8.count) bytes: it needs 1 to 512")
        }
        guard bytes.count <= configuration.maximumPayloadBytes else {
            throw CableError(
                .tooLarge,
                "Publishing \(bytes.count) bytes: at most \(configuration.maximumPayloadBytes) are allowed. Store the "
                    + "data and publish its id, or raise `maximumPayloadBytes`")
        }
    }
}
