/// One change of one entry, as a value: it can wait with others, and be run again.
struct CacheChange: Sendable {
    enum Kind: Sendable {
        case set(NewEntry, Condition)
        case delete
        case take
        /// Gives it another lifetime, from now on.
        case touch(Lifetime)
        /// Adds to a number; the new entry says how one that is missing is stored.
        case increment(Number, NewEntry)
    }

    /// What has to hold of the entry that is there.
    enum Condition: Sendable, Equatable {
        case none
        case absent
        case present
        case version(Int64)
    }

    /// Milliseconds; nil is never.
    typealias Lifetime = Int64?

    let key: EntryKey
    let kind: Kind
    /// The row that a `set` without a condition probably finds.
    var known: KnownRow? = nil

    /// Whether it matters to it whether a live entry is there.
    var isConditional: Bool {
        if case .set(_, .none) = kind { return false }
        return true
    }

    /// The number of the last invalidation that the new entry, if it has tags, may know of.
    var tagsAt: Int64 {
        guard case .set(let new, _) = kind, !new.tags.isEmpty else { return 0 }
        return new.tagsAt
    }

    /// What is to be stored.
    struct NewEntry: Sendable {
        let value: StoredValue
        let lifetime: Lifetime
        /// How much longer `fetch` may serve it, in milliseconds.
        var stale: Int64 = 0
        var tags: [UInt32] = []
        /// The number of the last invalidation before the value was made.
        var tagsAt: Int64 = 0
    }

    /// What came of it.
    enum Outcome: Sendable {
        /// The entry's version, and where it stands in the order.
        case stored(version: Int64, position: Int64, at: EntryTimes)
        /// The condition did not hold.
        case refused
        case deleted(Bool)
        case taken(StoredValue?)
        case touched(Bool)
        case number(Number)
    }
}

/// A number that is stored as one.
enum Number: Sendable, Hashable {
    case integer(Int64)
    case real(Double)
}
