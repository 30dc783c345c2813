import LiteDB
import Synchronization

/// The layer in the process's memory: decoded values that are never older than the file at the moment of the call.
///
/// Each shard knows of which state of the file (`token`) its entries are. A hit compares that with the file's change
/// counter, which every commit of any process changes. If it differs, the log of changes is read from where the shards
/// stand, and what it names is dropped. So a hit shows what was committed when the call began; the guide *A layer in
/// memory that is never stale* has the argument.
final class MemoryLayer: Sendable {
    private static let shardCount = 16

    // Unmanaged, and one block of memory: counting the references to what all threads share would make them take turns
    // with its cache lines. The cache's core keeps both objects.
    private let database: Unmanaged<Database>
    private let visited: Unmanaged<VisitedEntries>
    private nonisolated(unsafe) let shards: UnsafeMutablePointer<Mutex<MemoryShard>>  // each has its own lock
    /// One catches up, the others wait for it: a bounded read.
    private let catching = Mutex(())
    /// The file cannot be read any more.
    private let isShut = Atomic(false)

    init(_ database: Database, maximumBytes: Int, visited: VisitedEntries) throws {
        self.database = .passUnretained(database)
        self.visited = .passUnretained(visited)
        let token = database.changeToken()
        let sequence = try database.read { snapshot in try CacheStore.sequence(in: snapshot) }
        shards = .allocate(capacity: Self.shardCount)
        for index in 0..<Self.shardCount {
            (shards + index).initialize(
                to: Mutex(
                    MemoryShard(maximumBytes: maximumBytes / Self.shardCount, token: token, sequence: sequence)))
        }
    }

    deinit {
        shards.deinitialize(count: Self.shardCount)
        shards.deallocate()
    }

    /// The high bits of the hash: the low ones choose the slot.
    @inline(__always)
    private static func index(_ hash: Int64) -> Int { Int(truncatingIfNeeded: UInt64(bitPattern: hash) >> 60) }

    @inline(__always)
    private func isCurrent(_ token: ChangeToken) throws -> Bool {
        try database._withUnsafeGuaranteedRef { try $0.isCurrent(token) }
    }

    /// The entry, if it is here, of this type and as new as the file; it is counted as a hit. What else has to hold, the
    /// caller asks.
    @inline(__always)
    func entry(_ hash: Int64, _ key: String, _ type: ObjectIdentifier, scope: Int) throws -> MemoryEntry? {
        if let answer = try look(hash, key, type, scope) { return answer.entry }
        try catchUp()
        // The shard agrees with the file as it was at some moment of this call. What was committed since then may show or
        // not: beside one who writes all the time a comparison would send every other hit to the file.
        return shards[Self.index(hash)].withLock { take(hash, key, type, scope, from: &$0) }
    }

    private struct Answer {
        let entry: MemoryEntry?
    }

    /// Nil if the shard is not up to date.
    @inline(__always)
    private func look(_ hash: Int64, _ key: String, _ type: ObjectIdentifier, _ scope: Int) throws -> Answer? {
        let index = Self.index(hash)
        if let answer = try shards[index].withLockIfAvailable({ try find(hash, key, type, scope, in: &$0) }) {
            return answer
        }
        // Another thread is in the same stripe. They part, or they would take turns with its cache lines.
        ThreadNumber.metAnother()
        return try shards[index].withLock { try find(hash, key, type, scope, in: &$0) }
    }

    @inline(__always)
    private func find(
        _ hash: Int64, _ key: String, _ type: ObjectIdentifier, _ scope: Int, in shard: inout MemoryShard
    ) throws -> Answer? {
        guard try isCurrent(shard.token) else { return nil }
        return Answer(entry: take(hash, key, type, scope, from: &shard))
    }

    /// The entry, counted as a hit.
    @inline(__always)
    private func take(
        _ hash: Int64, _ key: String, _ type: ObjectIdentifier, _ scope: Int, from shard: inout MemoryShard
    ) -> MemoryEntry? {
        guard let entry = shard.entry(hash), entry.scope == scope, entry.type == type, entry.key == key else {
            return nil
        }
        shard.countHit(scope)
        if !entry.isVisited { entry.isVisited = true }
        visited._withUnsafeGuaranteedRef { visited in
            guard entry.notedEpoch != visited.epoch else { return }
            entry.notedEpoch = visited.epoch
            visited.insert(entry.position)
        }
        return entry
    }

    /// What is known of the row of an entry, which may have changed since.
    func known(_ hash: Int64, _ key: String, scope: Int) -> KnownRow? {
        shards[Self.index(hash)].withLock { shard in
            guard let entry = shard.entry(hash), entry.scope == scope, entry.key == key else { return nil }
            return KnownRow(
                version: entry.version, bytes: entry.storedBytes, position: entry.position, sweepAt: entry.sweepAt)
        }
    }

    /// Where the shard of an entry stands. Asked before the entry is read from the file; see ``insert(_:readAt:)``.
    func sequence(_ hash: Int64) -> Int64 {
        shards[Self.index(hash)].withLock { $0.sequence }
    }

    /// Keeps what was read from the file.
    ///
    /// - Parameter sequence: Where the shard stood before the reading. If it has moved on, a change of this very entry may
    ///   have been worked in already, and would not come again: then the entry is not kept.
    func insert(_ entry: MemoryEntry, readAt sequence: Int64) {
        shards[Self.index(entry.hash)].withLock { shard in
            if shard.sequence == sequence { shard.insert(entry) }
        }
    }

    /// Keeps what was committed just now, under its version: a later change has a higher number, and is still to come
    /// unless the shard is past it.
    func insert(committed entry: MemoryEntry) {
        shards[Self.index(entry.hash)].withLock { shard in
            if shard.sequence <= entry.version { shard.insert(entry) }
        }
    }

    /// Drops an entry that turned out to be over or invalidated, and so was no hit.
    func remove(_ entry: MemoryEntry) {
        shards[Self.index(entry.hash)].withLock { shard in
            shard.countHit(entry.scope, -1)
            if shard.entry(entry.hash) === entry { shard.remove(entry.hash) }
        }
    }

    /// Forgets everything, for good: nothing can tell any more what is still true.
    func shut() {
        isShut.store(true, ordering: .relaxed)
        for index in 0..<Self.shardCount { shards[index].withLock { $0.shut() } }
    }

    /// How often something was found here, by namespace.
    func hits(scope: Int) -> Int {
        (0..<Self.shardCount).reduce(0) { sum, index in sum + shards[index].withLock { $0.hits(scope) } }
    }

    var bytes: Int {
        (0..<Self.shardCount).reduce(0) { sum, index in sum + shards[index].withLock { $0.bytes } }
    }

    // MARK: Catching up

    /// Works in what was committed since the last time. One read. When it returns, the shards agree with the file as it was at
    /// some moment since it was called.
    private func catchUp() throws {
        if isShut.load(ordering: .relaxed) { return }
        try catching.withLock { _ in
            let (known, token) = shards[0].withLock { shard in (shard.sequence, shard.token) }
            if try isCurrent(token) { return }
            // The token comes first: what is committed behind it is found by the next look.
            let database = database.takeUnretainedValue()
            let newer = database.changeToken()
            let changes = try database.read { snapshot in try CacheStore.changes(since: known, in: snapshot) }
            workIn(changes, newer)
        }
    }

    private func workIn(_ changes: CacheStore.Changes, _ token: ChangeToken) {
        var parts: [[(hash: Int64, sequence: Int64)]] = []
        if let items = changes.items, !items.isEmpty {
            parts = Array(repeating: [], count: Self.shardCount)
            for item in items { parts[Self.index(item.hash)].append(item) }
        }
        for index in 0..<Self.shardCount {
            // All of it under one lock: an entry that is read meanwhile is either dropped here, or not kept.
            shards[index].withLock { shard in
                if changes.items == nil { shard.removeAll() }
                if !parts.isEmpty {
                    for item in parts[index] { shard.drop(item.hash, before: item.sequence) }
                }
                shard.sequence = changes.sequence
                shard.token = token
            }
        }
    }
}
