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

    private let database: Database
    private let shards: [Shard]
    /// One catches up, the others wait for it: a bounded read.
    private let catching = Mutex(())

    private final class Shard: Sendable {
        let state: Mutex<MemoryShard>

        init(_ shard: consuming MemoryShard) {
            state = Mutex(shard)
        }
    }

    init(_ database: Database, maximumBytes: Int) throws {
        self.database = database
        let token = database.changeToken()
        let sequence = try database.read { snapshot in try CacheStore.sequence(in: snapshot) }
        shards = (0..<Self.shardCount).map { _ in
            Shard(MemoryShard(maximumBytes: maximumBytes / Self.shardCount, token: token, sequence: sequence))
        }
    }

    @inline(__always)
    private func shard(_ hash: Int64) -> Shard {
        // The high bits: the low ones choose the slot.
        shards[Int(truncatingIfNeeded: UInt64(bitPattern: hash) >> 60)]
    }

    /// The entry, if it is here and as new as the file. What else has to hold, the caller asks.
    @inline(__always)
    func entry(_ hash: Int64, _ key: String, scope: Int, _ visited: VisitedEntries) throws -> MemoryEntry? {
        let shard = shard(hash)
        if let answer = try look(in: shard, hash, key, scope, visited) { return answer.entry }
        try catchUp()
        return try look(in: shard, hash, key, scope, visited)?.entry
    }

    private struct Answer {
        let entry: MemoryEntry?
    }

    /// Nil if the shard is not up to date.
    @inline(__always)
    private func look(
        in shard: Shard, _ hash: Int64, _ key: String, _ scope: Int, _ visited: VisitedEntries
    ) throws -> Answer? {
        try shard.state.withLock { shard in
            guard try database.isCurrent(shard.token) else { return nil }
            guard let entry = shard.entry(hash), entry.scope == scope, entry.key == key else {
                return Answer(entry: nil)
            }
            shard.countHit(scope)
            if !entry.isVisited { entry.isVisited = true }
            if entry.notedEpoch != visited.epoch {
                entry.notedEpoch = visited.epoch
                visited.insert(entry.position)
            }
            return Answer(entry: entry)
        }
    }

    /// Where the shard of an entry stands. Asked before the entry is read from the file; see ``insert(_:readAt:)``.
    func sequence(_ hash: Int64) -> Int64 {
        shard(hash).state.withLock { $0.sequence }
    }

    /// Keeps what was read from the file.
    ///
    /// - Parameter sequence: Where the shard stood before the reading. If it has moved on, a change of this very entry may
    ///   have been worked in already, and would not come again: then the entry is not kept.
    func insert(_ entry: MemoryEntry, readAt sequence: Int64) {
        shard(entry.hash).state.withLock { shard in
            if shard.sequence == sequence { shard.insert(entry) }
        }
    }

    /// Keeps what was committed just now, under its version: a later change has a higher number, and is still to come
    /// unless the shard is past it.
    func insert(committed entry: MemoryEntry) {
        shard(entry.hash).state.withLock { shard in
            if shard.sequence <= entry.version { shard.insert(entry) }
        }
    }

    /// Drops an entry that turned out to be over or invalidated.
    func remove(_ entry: MemoryEntry) {
        shard(entry.hash).state.withLock { shard in
            if shard.entry(entry.hash) === entry { shard.remove(entry.hash) }
        }
    }

    /// How often something was found here, by namespace.
    func hits(scope: Int) -> Int { shards.reduce(0) { $0 + $1.state.withLock { $0.hits(scope) } } }

    var bytes: Int { shards.reduce(0) { $0 + $1.state.withLock { $0.bytes } } }

    // MARK: Catching up

    /// Works in what was committed since the last time. One read.
    private func catchUp() throws {
        try catching.withLock { _ in
            let (known, isCurrent) = try shards[0].state.withLock { shard in
                (shard.sequence, try database.isCurrent(shard.token))
            }
            if isCurrent { return }
            // The token comes first: what is committed behind it is found by the next look.
            let token = database.changeToken()
            let changes = try database.read { snapshot in try CacheStore.changes(since: known, in: snapshot) }
            workIn(changes, token)
        }
    }

    private func workIn(_ changes: CacheStore.Changes, _ token: ChangeToken) {
        var parts: [[(hash: Int64, sequence: Int64)]] = []
        if let items = changes.items, !items.isEmpty {
            parts = Array(repeating: [], count: Self.shardCount)
            for item in items { parts[Int(truncatingIfNeeded: UInt64(bitPattern: item.hash) >> 60)].append(item) }
        }
        for (index, shard) in shards.enumerated() {
            // All of it under one lock: an entry that is read meanwhile is either dropped here, or not kept.
            shard.state.withLock { shard in
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
