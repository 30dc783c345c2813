import LiteDB

/// Several memory layers, one for each of as many threads, so that hits do not wait for one another.
///
/// Two cores that count references to the same object take turns with its cache line: with one layer, two threads together
/// were slower than one alone. So each has values of its own, read from the file by itself. What a stripe does is in
/// `MemoryLayer`; nothing passes between stripes, and each is as new as the file by itself.
final class MemoryStripes: Sendable {
    private let stripes: [MemoryLayer]
    /// The same, without a count of references that threads would share.
    private nonisolated(unsafe) let unmanaged: UnsafeMutablePointer<Unmanaged<MemoryLayer>>  // never changes
    private let mask: Int

    /// - Parameter count: A power of two.
    init(_ database: Database, maximumBytes: Int, count: Int, visited: VisitedEntries) throws {
        mask = count - 1
        stripes = try (0..<count).map { _ in
            try MemoryLayer(database, maximumBytes: maximumBytes / count, visited: visited)
        }
        unmanaged = .allocate(capacity: count)
        for (index, stripe) in stripes.enumerated() {
            (unmanaged + index).initialize(to: .passUnretained(stripe))
        }
    }

    deinit {
        unmanaged.deallocate()
    }

    /// What the calling thread's stripe has; see ``MemoryLayer/entry(_:_:_:scope:)``.
    @inline(__always)
    func entry(_ hash: Int64, _ key: String, _ type: ObjectIdentifier, scope: Int) throws -> MemoryEntry? {
        try unmanaged[ThreadNumber.current & mask]._withUnsafeGuaranteedRef { stripe in
            try stripe.entry(hash, key, type, scope: scope)
        }
    }

    /// What is known of the row of an entry, by the stripe that knows the newest.
    func known(_ hash: Int64, _ key: String, scope: Int) -> KnownRow? {
        var newest: KnownRow?
        for stripe in stripes {
            guard let known = stripe.known(hash, key, scope: scope) else { continue }
            if known.version > newest?.version ?? .min { newest = known }
        }
        return newest
    }

    /// That of the calling thread. Between noting where it stands and keeping what was read nothing may be awaited.
    @inline(__always)
    var own: MemoryLayer { stripes[ThreadNumber.current & mask] }

    /// Forgets everything, for good.
    func shut() { stripes.forEach { $0.shut() } }

    func hits(scope: Int) -> Int { stripes.reduce(0) { $0 + $1.hits(scope: scope) } }

    var bytes: Int { stripes.reduce(0) { $0 + $1.bytes } }
}
