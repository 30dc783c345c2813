import LiteDB

extension Cache {
    /// The value of a key, computed and stored if there is none.
    ///
    /// Of all callers that miss the same key at the same time, in every process that has the cache open, one computes and
    /// the others get its value. The guide *Caching without stampedes* says what that rests on.
    ///
    /// - A caller that is cancelled leaves the computation to the others; the last one's cancellation cancels it. If it
    ///   goes on all the same, who calls meanwhile joins it, and its value is stored.
    /// - A failure reaches all who waited for that attempt; those in other processes get `computationFailed` with its
    ///   description. It is not stored, unless `failuresExpireIn` asks for it, and never in the place of a value that may
    ///   still be served, stale or of another release.
    /// - A stale value whose refreshing failed is served on. The failure is logged, and the next attempt is made by the
    ///   first call after a second, or after `failuresExpireIn` if that was given.
    /// - If the entry is changed, deleted or cleared, or one of its tags invalidated, while the value is computed, who
    ///   waits by then gets the value, and it is not stored; a call that begins later computes anew.
    /// - A process that dies computing is noticed at once, and one that waits takes over. A computation that takes longer
    ///   than ``Configuration/computationTimeout`` fails for its caller with `timedOut`, and the next who waits takes over.
    /// - A stored value of another type counts as none, as it appears when a new release changes a type. So does one that
    ///   another caller is computing: this one waits for it, and then computes.
    /// - In a cache that ``isDegraded`` callers of this process still share a computation, and nothing is stored.
    ///
    /// - Parameters:
    ///   - key: Any string.
    ///   - type: What was stored.
    ///   - expiresIn: How long a computed value lives. Default as the configuration says.
    ///   - staleFor: How much longer it may be served while it is computed anew: then the caller gets the old value at
    ///     once, and one process refreshes it. Default zero.
    ///   - failuresExpireIn: How long a failure is stored, so that calls fail with `computationFailed` at once. Default
    ///     nil: not at all.
    ///   - tags: What the value depends on.
    ///   - compute: Makes the value. It runs in a task of the cache, with the first caller's task-local values.
    /// - Returns: The stored or computed value. A computed value is returned also if it could not be stored, for
    ///   example because it is too large; the reason is logged.
    /// - Throws: What `compute` throws; `CancellationError`; `CacheError` with `timedOut`, `computationFailed`,
    ///   `unencodable`, `lockFile` or `closed`; `DatabaseError`.
    public func fetch<Value: Codable & Sendable>(
        _ key: String, as type: Value.Type = Value.self, expiresIn: Lifetime = .standard, staleFor: Duration = .zero,
        failuresExpireIn: Duration? = nil, tags: [String] = [],
        compute: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        if let entry = try inMemory(key, ObjectIdentifier(Value.self)) {
            return unsafeDowncast(entry, to: MemoryValue<Value>.self).value
        }
        return try await fetch(key, as: type, failuresExpireIn: failuresExpireIn, tags: tags) {
            Made(value: try await compute(), expiresIn: expiresIn, staleFor: staleFor)
        }.value
    }
}
