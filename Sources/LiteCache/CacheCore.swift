import LiteDB
import Logging
import Synchronization

/// What all handles of one cache share.
final class CacheCore: Sendable {
    let database: Database
    let tags: TagVersions
    let store: CacheStore
    let memory: MemoryStripes?
    let configuration: Cache.Configuration
    let clock: WallClock
    let coding: ValueCoding
    let visited = VisitedEntries()
    let counters = CounterSets()
    let changes: ChangeQueue
    let flights = Flights()
    let pauses = RefreshPauses()
    let metrics = CacheMetrics()
    let logger: Logger
    private let mark = Mutex<ProcessMark?>(nil)
    private let hashKey: [UInt8]
    let ownsDatabase: Bool
    /// It turned out so while it was open.
    let isDamaged = Atomic(false)
    private let privateFolder: PrivateFolder?

    /// The file cannot be used: reads find nothing, and changes are refused.
    var isDegraded: Bool { privateFolder != nil || isDamaged.load(ordering: .relaxed) }

    init(
        _ database: Database, tagsIn tagsDatabase: Database, _ configuration: Cache.Configuration, _ logger: Logger,
        ownsDatabase: Bool, insteadOfFile privateFolder: PrivateFolder? = nil
    ) async throws {
        try await database.prepare(CacheSchema.tables)
        try await tagsDatabase.prepare(TagSchema.tables)
        self.database = database
        self.configuration = configuration
        self.logger = logger
        self.ownsDatabase = ownsDatabase
        self.privateFolder = privateFolder
        tags = try TagVersions(tagsDatabase)
        store = CacheStore(maximumBytes: Int64(configuration.maximumBytes), tags: tags)
        hashKey = try database.read { snapshot in try CacheStore.hashKey(in: snapshot) }
        clock = WallClock(source: configuration.now, logger: logger)
        coding = ValueCoding(coder: configuration.coder, compresses: configuration.compressesValues)
        memory =
            configuration.memoryBytes > 0
            ? try MemoryStripes(
                database, maximumBytes: configuration.memoryBytes, count: configuration.wholeStripeCount,
                visited: visited) : nil
        changes = ChangeQueue(database) { [store, clock, visited] changes, known, transaction in
            try store.apply(changes, at: clock.milliseconds(), visited: visited, known: known, in: transaction)
        } committed: { [counters] applied in
            counters.add(applied.departures)
        }
    }

    /// Empties a file that an earlier run of the machine left, or that speaks of other tags.
    func forgetOthers() async throws {
        let (store, boot, origin) = (store, BootIdentifier.current(), tags.origin)
        let tagsAt = try tags.refresh()
        let hadEntries = try await database.write { transaction in
            try store.forgetOthers(boot: boot, tagsOrigin: origin, tagsAt: tagsAt, in: transaction)
        }
        if hadEntries {
            logger.notice("The cache was emptied: the machine was started anew, or its tags are of another file")
        }
    }

    /// The proof that this process lives, made with its first computation.
    func processMark() throws -> ProcessMark {
        try mark.withLock { mark in
            if let mark { return mark }
            let made = try ProcessMark(in: database.runDirectory)
            mark = made
            return made
        }
    }

    func close() async {
        await flights.close()
        mark.withLock { $0 = nil }
        if ownsDatabase { await database.close() }
        privateFolder?.remove(logger)
    }

    /// What a handle of a namespace knows.
    func scope(_ name: String) -> Scope {
        let prefix = name + String(Scope.separator)
        // A key of its own for each namespace: then the hash of a key needs no text to be put together.
        let own = name.isEmpty ? hashKey : Self.derive(hashKey, name)
        let counters = counters.set(name)
        return Scope(
            name: name, prefix: prefix, hash: SipHash(key: own),
            bucket: name.isEmpty ? nil : tags.bucket(ofNamespace: name), counters: counters,
            index: counters.index >= 0 ? counters.index : Self.index(own))
    }

    /// Of a namespace that has no counters of its own: negative, and as good as never that of another.
    private static func index(_ key: [UInt8]) -> Int {
        Int(truncatingIfNeeded: SipHash(key: key).hash("3")) | Int.min
    }

    private static func derive(_ key: [UInt8], _ name: String) -> [UInt8] {
        let hash = SipHash(key: key)
        return [hash.hash("1" + name), hash.hash("2" + name)].flatMap { word in
            withUnsafeBytes(of: word.littleEndian) { Array($0) }
        }
    }

    /// A lifetime in milliseconds; nil is for ever.
    func milliseconds(_ lifetime: Cache.Lifetime) -> Int64? {
        let duration: Duration
        switch lifetime.kind {
        case .never: return nil
        case .standard:
            guard let standard = configuration.defaultLifetime else { return nil }
            duration = standard
        case .after(let given): duration = given
        }
        let whole = duration.wholeMilliseconds
        guard configuration.jitter > 0, whole > 0, whole < Int64.max else { return whole }
        let share = Double(configuration.random() >> 11) / Double(1 << 53) * min(configuration.jitter, 1)
        return whole - Int64(Double(whole) * share)
    }

    func checkSize(_ value: StoredValue, _ key: EntryKey) throws {
        let bytes = CacheStore.bytes(of: value, key: key.text)
        guard bytes <= configuration.maximumBytes / 4 else {
            throw CacheError(
                .tooLarge,
                "Storing an entry of \(bytes) bytes: it may take a quarter of the cache's \(configuration.maximumBytes) "
                    + "bytes. Raise `maximumBytes`, or store less")
        }
    }
}
