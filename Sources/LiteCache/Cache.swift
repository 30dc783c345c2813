public import LiteDB
public import Logging
import Synchronization

/// Values that can be made anew, kept in an SQLite file: within a budget of bytes, until their time is over.
///
/// ```swift
/// let page = try await cache.fetch("gallery", ttl: .seconds(60)) { try await renderGallery() }
/// ```
///
/// Keys are any strings. `[UInt8]`, `Data` and `String` are stored as they are, every other value as JSON.
public final class Cache: Sendable {
    private let database: Database
    private let store: CacheStore
    private let configuration: Configuration
    private let clock: WallClock
    private let logger: Logger
    private let ownsDatabase: Bool
    private let visited = VisitedEntries()
    private let flights = Flights()

    /// Uses a database that is open already; the cache's tables are made if they are missing.
    ///
    /// In a database with durability `.full` every `set` waits for the disk. See ``open(at:configuration:logger:)``.
    ///
    /// - Throws: `DatabaseError`.
    public convenience init(
        _ database: Database, configuration: Configuration = Configuration(), logger: Logger = .current
    ) async throws {
        try await self.init(database, configuration, logger, ownsDatabase: false)
    }

    /// Opens a cache in a file of its own, with durability `.normal`.
    ///
    /// It starts empty after the machine was started anew: a power cut takes back what was written last, and a value
    /// that was deleted must not come back.
    ///
    /// - Throws: `DatabaseError`.
    public static func open(
        at path: String, configuration: Configuration = Configuration(), logger: Logger = .current
    ) async throws -> Cache {
        var settings = Database.Configuration()
        settings.durability = .normal
        settings.isDisposable = true
        let database = try await Database.open(at: path, configuration: settings, logger: logger)
        do {
            let cache = try await Cache(database, configuration, logger, ownsDatabase: true)
            try await cache.forgetEarlierBoots()
            return cache
        } catch {
            await database.close()
            throw error
        }
    }

    private init(
        _ database: Database, _ configuration: Configuration, _ logger: Logger, ownsDatabase: Bool
    ) async throws {
        try await database.prepare(CacheSchema.tables)
        let hashKey = try database.read { snapshot in try CacheStore.hashKey(in: snapshot) }
        self.database = database
        self.configuration = configuration
        self.logger = logger
        self.ownsDatabase = ownsDatabase
        store = CacheStore(hash: SipHash(key: hashKey), maximumBytes: Int64(configuration.maximumBytes))
        clock = WallClock(source: configuration.now, logger: logger)
    }

    private func forgetEarlierBoots() async throws {
        let (store, boot) = (store, BootIdentifier.current())
        let hadEntries = try await database.write { transaction in
            try store.forgetEarlierBoots(current: boot, in: transaction)
        }
        if hadEntries { logger.notice("The cache was emptied, because the machine was started anew") }
    }

    /// Ends computations that are under way, and closes the file if the cache opened it.
    public func close() async {
        await flights.close()
        if ownsDatabase { await database.close() }
    }

    /// The value of a key; nil if there is none, or its time is over. One read.
    ///
    /// - Throws: `CacheError` with `undecodable` if a value of another type was stored; `DatabaseError`.
    public func get<Value: Decodable & Sendable>(
        _ key: String, as type: Value.Type = Value.self
    ) async throws -> Value? {
        try stored(key)?.decoded(as: type)
    }

    /// Stores a value, and returns when it is committed. One write transaction.
    ///
    /// If it does not fit, entries are removed first, in the same transaction: those whose time is over, then those
    /// that were not read for long.
    ///
    /// - Parameters:
    ///   - key: Any string.
    ///   - value: The value.
    ///   - ttl: How long it lives, to the millisecond. Nil takes the configuration's default; a time too long for the
    ///     calendar is for ever.
    /// - Throws: `CacheError` with `tooLarge` or `unencodable`; `DatabaseError`.
    public func set(_ key: String, _ value: some Encodable & Sendable, ttl: Duration? = nil) async throws {
        try await set(key, try StoredValue(value), ttl: ttl)
    }

    /// Removes a value. One write transaction.
    ///
    /// - Returns: Whether there was one.
    /// - Throws: `DatabaseError`.
    @discardableResult
    public func delete(_ key: String) async throws -> Bool {
        let (store, clock) = (store, clock)
        return try await database.write { transaction in
            try store.delete(key, at: clock.milliseconds(), in: transaction)
        }
    }

    /// Removes everything. One write transaction, as long as the cache is large.
    ///
    /// - Throws: `DatabaseError`.
    public func clear() async throws {
        let store = store
        try await database.write { transaction in try store.clear(in: transaction) }
    }

    /// The value of a key, computed and stored if there is none.
    ///
    /// Callers of this process that miss the same key at the same time share one computation. A caller that is
    /// cancelled leaves it to the others; the last one's cancellation cancels it. An error reaches all who waited,
    /// and nothing is stored. A stored value of another type counts as none, as it appears when a new release changes
    /// a type.
    ///
    /// - Parameters:
    ///   - key: Any string.
    ///   - type: What was stored; a value of another type counts as none.
    ///   - ttl: As in ``set(_:_:ttl:)``.
    ///   - compute: Makes the value. It runs in a task of the cache, with the first caller's task-local values.
    /// - Returns: The stored or computed value. A computed value is returned also if it could not be stored, for
    ///   example because it is too large; the reason is logged.
    /// - Throws: What `compute` throws; `CancellationError`; `CacheError` with `closed`; `DatabaseError`.
    public func fetch<Value: Codable & Sendable>(
        _ key: String, as type: Value.Type = Value.self, ttl: Duration? = nil,
        compute: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        if let hit = try usable(key, as: type) { return hit.value }
        let value = try await flights.value(for: key) {
            // Another computation may have ended between our look and its place in the list.
            if let hit = try self.usable(key, as: type) { return hit.stored }
            let value = try StoredValue(try await compute())
            try Task.checkCancellation()
            do {
                try await self.set(key, value, ttl: ttl)
            } catch {
                self.logger.warning(
                    "A computed value could not be cached; it is passed on all the same",
                    metadata: ["error": "\(error)"])
            }
            return value
        }
        return try value.decoded(as: type)
    }

    /// How full the cache is. One read.
    ///
    /// - Throws: `DatabaseError`.
    public func statistics() async throws -> CacheStatistics {
        let ledger = try database.read { snapshot in try store.ledger(in: snapshot) }
        return CacheStatistics(
            entryCount: Int(ledger.entryCount), bytes: Int(ledger.bytes), maximumBytes: configuration.maximumBytes)
    }

    private func stored(_ key: String) throws -> StoredValue? {
        let now = clock.milliseconds()
        guard let hit = try database.read({ snapshot in try store.entry(key, at: now, in: snapshot) }) else {
            return nil
        }
        if !hit.isVisited { visited.insert(hit.hash) }
        return hit.value
    }

    /// The stored value, if it decodes as this type.
    private func usable<Value: Decodable>(
        _ key: String, as type: Value.Type
    ) throws -> (stored: StoredValue, value: Value)? {
        guard let stored = try stored(key) else { return nil }
        do {
            return (stored, try stored.decoded(as: type))
        } catch let error as CacheError where error.code == .undecodable {
            return nil
        }
    }

    private func set(_ key: String, _ value: StoredValue, ttl: Duration?) async throws {
        let bytes = CacheStore.bytes(of: value, key: key)
        guard bytes <= configuration.maximumBytes / 4 else {
            throw CacheError(
                .tooLarge,
                "Storing an entry of \(bytes) bytes: it may take a quarter of the cache's \(configuration.maximumBytes) "
                    + "bytes. Raise `maximumBytes`, or store less")
        }
        let (store, clock, visited) = (store, clock, visited.all)
        let lifetime = (ttl ?? configuration.defaultTimeToLive)?.wholeMilliseconds
        let areMarked = try await database.write { transaction in
            let now = clock.milliseconds()
            let expiry = lifetime.flatMap { lifetime in
                let (expiry, overflow) = now.addingReportingOverflow(lifetime)
                return overflow ? nil : expiry
            }
            return try store.set(key, value, expiresAt: expiry, visited: visited, at: now, in: transaction)
        }
        if areMarked { self.visited.subtract(visited) }
    }
}
