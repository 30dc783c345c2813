#if Hummingbird
#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

public import Hummingbird
public import LiteDB
public import Logging
import ServiceLifecycle

/// What Hummingbird keeps between requests (sessions, for one), in a table of its own in the application's database.
///
/// ```swift
/// let persist = try await LitePersistDriver(stack.db)
/// router.add(middleware: SessionMiddleware(storage: persist))
/// ```
///
/// It is as durable as the database: with `.full` a value is on the disk when `set` returns. Nothing evicts it and clearing
/// the cache does not touch it. Values are JSON. A read runs on the caller's thread and costs some microseconds.
///
/// Values that are over are absent at once. As a service it also removes them; without, they stay until they are
/// overwritten.
public struct LitePersistDriver: PersistDriver {
    private let database: Database
    private let clock: WallClock
    private let sweepInterval: Duration
    private let logger: Logger
    private static let sweptCount = 500

    /// Uses the application's database; the table is made if it is missing.
    ///
    /// - Parameters:
    ///   - database: Usually `stack.db`.
    ///   - sweepInterval: How often the service removes what is over. Default 60 s. More often keeps the file smaller.
    ///   - now: The time of day. Default the system's clock.
    ///   - logger: For a clock that is set back, and a removal that failed.
    /// - Throws: `DatabaseError`.
    public init(
        _ database: Database, sweepInterval: Duration = .seconds(60), now: @escaping @Sendable () -> Date = { Date() },
        logger: Logger = .current
    ) async throws {
        try await database.prepare(PersistSchema.tables)
        self.database = database
        self.sweepInterval = sweepInterval
        self.logger = logger
        clock = WallClock(source: now, logger: logger)
    }

    /// Stores a value under a key that has none. One write transaction.
    ///
    /// A value that is over counts as none.
    ///
    /// - Throws: `PersistError.duplicate` if there is one; `DatabaseError`; what the value's encoding throws.
    public func create<Object: Codable & Sendable>(key: String, value: Object, expires: Duration?) async throws {
        let (clock, bytes) = (clock, try Self.encode(value))
        let isStored = try await database.write { transaction in
            let now = clock.milliseconds()
            return try PersistStore.create(key, Self.item(bytes, expires, now), at: now, in: transaction)
        }
        guard isStored else { throw PersistError.duplicate }
    }

    /// Stores a value, in the place of another. One write transaction.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - value: The value.
    ///   - expires: How long it lives. Nil keeps the time of the value that it replaces; without one it is for ever.
    /// - Throws: `DatabaseError`; what the value's encoding throws.
    public func set<Object: Codable & Sendable>(key: String, value: Object, expires: Duration?) async throws {
        let (clock, bytes) = (clock, try Self.encode(value))
        try await database.write { transaction in
            let now = clock.milliseconds()
            try PersistStore.set(key, Self.item(bytes, expires, now), at: now, in: transaction)
        }
    }

    /// The value of a key; nil if there is none, or its time is over. One read.
    ///
    /// - Throws: `PersistError.invalidConversion` if it is of another type; `DatabaseError`.
    public func get<Object: Codable & Sendable>(key: String, as type: Object.Type) async throws -> Object? {
        try await getWithTTL(key: key, as: type)?.object
    }

    /// The value of a key, and how long it still lives; nil if that is for ever. One read.
    ///
    /// - Throws: As ``get(key:as:)``.
    public func getWithTTL<Object: Codable & Sendable>(
        key: String, as type: Object.Type
    ) async throws -> (object: Object, ttl: Duration?)? {
        let now = clock.milliseconds()
        guard let item = try database.read({ try PersistStore.item(key, at: now, in: $0) }) else { return nil }
        do {
            let object = try JSONDecoder().decode(type, from: Data(item.value))
            return (object, item.expiresAt.map { .milliseconds($0 - now) })
        } catch {
            throw PersistError.invalidConversion
        }
    }

    /// Removes a value, if there is one. One write transaction.
    ///
    /// - Throws: `DatabaseError`.
    public func remove(key: String) async throws {
        try await database.write { transaction in try PersistStore.remove(key, in: transaction) }
    }

    /// Removes what is over now and then, until it is told to shut down. The database stays open: it is not the driver's.
    ///
    /// No promise depends on it, so it stops no server: errors are logged, and the next round tries again.
    public func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // Cancelled: the server shuts down.
                try? await Task.sleep(for: sweepInterval)
                if !Task.isCancelled { await sweepOrTell() }
            }
        }
    }

    private func sweepOrTell() async {
        do {
            try await sweep()
        } catch is CancellationError where Task.isCancelled {
            // The server shuts down in the middle of it.
        } catch {
            logger.warning(
                "Values that are over could not be removed, which is tried again", metadata: ["error": "\(error)"])
        }
    }

    /// Removes everything that is over, in small transactions.
    func sweep() async throws {
        let clock = clock
        while try await database.write({ transaction in
            try PersistStore.removeExpired(at: clock.milliseconds(), limit: Self.sweptCount, in: transaction)
        }) == Self.sweptCount {}
    }

    private static func encode(_ value: some Encodable) throws -> [UInt8] {
        Array(try JSONEncoder().encode(value))
    }

    private static func item(_ bytes: [UInt8], _ lifetime: Duration?, _ now: Int64) -> PersistStore.Item {
        let expiry = lifetime.map { now.addingReportingOverflow($0.wholeMilliseconds) }
        return PersistStore.Item(value: bytes, expiresAt: expiry.map { $0.overflow ? .max : $0.partialValue })
    }
}
#endif
