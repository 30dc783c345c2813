/// A decoded value in the process's memory, with what has to hold for it to be shown.
///
/// `@unchecked Sendable`: what changes is touched under the lock of its shard only.
@usableFromInline
class MemoryEntry: @unchecked Sendable {
    let hash: Int64
    let key: String
    let scope: Int
    let type: ObjectIdentifier
    let version: Int64
    let expiresAt: Int64
    let position: Int64
    let tags: [UInt32]
    let tagsAt: Int64
    let bytes: Int
    /// What its row counts in the budget.
    let storedBytes: Int64
    let sweepAt: Int64?
    /// In which epoch its reading was noted for the eviction on the disk.
    var notedEpoch: UInt32 = 0
    /// Since the hand passed.
    var isVisited = false

    init(_ key: EntryIdentity, _ type: ObjectIdentifier, bytes: Int, _ facts: EntryFacts) {
        hash = key.hash
        self.key = key.key
        scope = key.scope
        self.type = type
        self.bytes = bytes
        version = facts.version
        expiresAt = facts.expiresAt
        position = facts.position
        tags = facts.tags
        tagsAt = facts.tagsAt
        storedBytes = facts.storedBytes
        sweepAt = facts.sweepAt
    }
}

/// The value itself, of a type that `type` names.
@usableFromInline
final class MemoryValue<Value: Sendable>: MemoryEntry, @unchecked Sendable {
    @usableFromInline let value: Value

    init(_ value: Value, _ key: EntryIdentity, bytes: Int, _ facts: EntryFacts) {
        self.value = value
        super.init(key, ObjectIdentifier(Value.self), bytes: bytes, facts)
    }
}

/// Which entry, without a text put together.
struct EntryIdentity {
    let hash: Int64
    let key: String
    let scope: Int
}

/// What of a row has to hold for its value to be shown, and to be written over.
struct EntryFacts: Sendable {
    let version: Int64
    let expiresAt: Int64
    let position: Int64
    let tags: [UInt32]
    let tagsAt: Int64
    let storedBytes: Int64
    let sweepAt: Int64?
}
