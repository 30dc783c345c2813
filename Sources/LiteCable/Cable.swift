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
/// try await cable.publish(Ready(drawing: 7), to: "drawing.7", event: "ready")
/// for try await event in try await cable.subscribe(to: ["drawing.7"], from: .after(page.cursor)) { … }
/// ```
///
/// The order of messages is the order of commits, the same for every subscriber in every process. A message that is
/// published in a transaction is seen if and only if that transaction commits.
public final class Cable: Sendable {
    /// Who is on which channel.
    public let presence: Presence
    let database: Database
    let store: CableStore
    let stamp: LogStamp
    let router: Router
    let configuration: Configuration
    let clock: WallClock
    let logger: Logger
    private let ownsDatabase: Bool

    /// Uses the log in a database that is open already; its tables are made if they are missing.
    ///
    /// - Throws: `DatabaseError`; `CableError` with `invalidChannel` for a pattern of `configuration.retention`.
    public convenience init(
        _ database: Database, configuration: Configuration = Configuration(), logger: Logger = .current
    ) async throws {
        try await self.init(database, configuration, logger, ownsDatabase: false)
    }

    /// Opens a log in a file of its own, for messages that join no transaction of the application.
    ///
    /// - Parameters:
    ///   - path: The file, which is made if it is missing.
    ///   - durability: Default `.full`. For channels whose messages matter only now (who is typing, how far a job is)
    ///     `.normal` publishes without an fsync; a power cut can then lose the last moments.
    ///   - configuration: How much is kept.
    ///   - logger: For warnings.
    /// - Throws: As ``init(_:configuration:logger:)``.
    public static func open(
        at path: String, durability: Database.Durability = .full, configuration: Configuration = Configuration(),
        logger: Logger = .current
    ) async throws -> Cable {
        var settings = Database.Configuration()
        settings.durability = durability
        let database = try await Database.open(at: path, configuration: settings, logger: logger)
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
        let patterns = try configuration.retention.map { try ChannelPattern($0.pattern) }
        try await database.prepare(CableSchema.tables)
        self.database = database
        self.configuration = configuration
        self.ownsDatabase = ownsDatabase
        self.logger = logger
        stamp = try LogStamp(database)
        store = try await Self.openStore(in: database, stamp, configuration, patterns)
        router = Router(database: database, store: store, stamp: stamp, recentBytes: configuration.recentBytes)
        clock = WallClock(source: configuration.now, logger: logger)
        presence = Presence(
            database: database, store: store, router: router, clock: clock, timeout: configuration.presenceTimeout,
            logger: logger)
    }

    deinit {
        // Forgotten, not closed: nothing may go on reading for it.
        presence.stop()
        router.close()
    }

    private static func openStore(
        in database: Database, _ stamp: LogStamp, _ configuration: Configuration, _ patterns: [ChannelPattern]
    ) async throws -> CableStore {
        let isDurable = try await database.effectiveSettings().synchronous == 2
        let opening = CableStore.Opening(
            configuration: configuration, patterns: patterns, stamp: stamp, boot: isDurable ? nil : Boot.identifier)
        func look() throws -> CableStore? {
            let stamped = try stamp.read()
            let store = try database.read { snapshot in try CableStore.open(opening, stamped, in: snapshot) }
            if let store, let stamped, stamped.epoch == store.epoch { stamp.adopt(stamped) }
            return store
        }
        if let store = try look() { return store }
        try await database.write { transaction in
            try CableStore.prepare(opening, in: transaction)
        }
        guard let store = try look() else {
            throw DatabaseError(
                .other, "Opening the cable of \(database.path): its tables changed meanwhile. Try again")
        }
        return store
    }

    /// Ends all subscriptions, and closes the file if the cable opened it. Closing twice does nothing.
    ///
    /// Members that are present through this process leave within the presence timeout, as after a kill, so that a
    /// restart is no leaving.
    public func close() async {
        presence.stop()
        router.close()
        if ownsDatabase { await database.close() }
    }

    /// Makes every cursor that was given out one of another log, so that whoever comes back with one is told a gap.
    ///
    /// For tools that restore a file. Most restores are noticed when the file is opened, by what `run/` beside it says: see
    /// the guide *Never miss an update*. A backup of the whole folder that is written over the old files in place is not.
    /// Call it once, before any server opens the file, and close the cable.
    ///
    /// - Throws: `DatabaseError`.
    public func renewEpoch() async throws {
        let stamp = stamp
        try await database.write { transaction in try CableStore.renewEpoch(stamp, in: transaction) }
    }

    // MARK: Cursors

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
        try head()
    }

    func head() throws -> Cursor {
        let cursor = try database.read { snapshot in try store.cursor(in: snapshot) }
        stamp.note(cursor.seq)
        return cursor
    }

    func check(_ identifier: DatabaseIdentifier) throws {
        guard identifier == database.identifier else {
            throw CableError(
                .wrongDatabase,
                "Using the cable of \(database.path) in a transaction or snapshot of another file: their commits are "
                    + "not one. Use the database that the cable lives in")
        }
    }
}
