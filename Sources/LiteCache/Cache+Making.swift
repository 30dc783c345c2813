import LiteDB

extension Cache {
    /// What a computation made, if it is only known then how long it lives.
    package struct Made<Value: Sendable>: Sendable {
        package let value: Value
        package let expiresIn: Lifetime
        package let staleFor: Duration

        package init(value: Value, expiresIn: Lifetime, staleFor: Duration = .zero) {
            (self.value, self.expiresIn, self.staleFor) = (value, expiresIn, staleFor)
        }
    }

    /// Where a value of `fetch` comes from.
    package enum Origin: Sendable {
        case stored
        case stale
        /// It was computed during the call, by this caller or another.
        case computed
    }

    /// What becomes of an entry whose time is over and which may be served while it is computed anew.
    package enum StaleUse: Sendable {
        /// The caller gets it at once, and one process refreshes it.
        case refresh
        /// The caller gets it, and nobody refreshes it.
        case leave
        /// The caller waits for a new one.
        case wait
    }

    /// As the public `fetch`, with the lifetime said by the computation, and a choice about a stale value.
    package func fetch<Value: Codable & Sendable>(
        _ key: String, as type: Value.Type = Value.self, failuresExpireIn: Duration? = nil, tags: [String] = [],
        stale use: (Value) -> StaleUse = { _ in .refresh }, make: @escaping @Sendable () async throws -> Made<Value>
    ) async throws -> (value: Value, origin: Origin) {
        if let entry = try inMemory(key, ObjectIdentifier(Value.self)) {
            return (unsafeDowncast(entry, to: MemoryValue<Value>.self).value, .stored)
        }
        let entryKey = scope.entryKey(key)
        let found = try look(entryKey, key, as: type, tags: tags)
        func attempt(waits: Bool, dead: String? = nil) -> Flights.Attempt {
            let computation = Computation(
                cache: self, key: key, entryKey: entryKey, failureLifetime: failuresExpireIn, tags: tags,
                unusable: found.unusable, dead: dead, waits: waits, compute: make)
            return { try await computation.run() }
        }
        switch found {
        case .fresh(let value):
            return (value, .stored)
        case .stale(let value, let flight):
            switch use(value) {
            case .wait: break
            case .leave: return (value, .stale)
            case .refresh:
                if case .due(let dead) = refresh(entryKey, flight, tags: tags) {
                    core.flights.refresh(entryKey, attempt: attempt(waits: false, dead: dead))
                }
                return (value, .stale)
            }
        case .failure(let error):
            throw error
        case .none, .outdated, .unusable: break
        }
        var supersedes = found.isOutdated
        while true {
            let computed = try await core.flights.value(
                for: entryKey, supersedes: supersedes, attempt: attempt(waits: true))
            // Unwrapped first: nil of this optional would pass for a nil of an optional `Value`.
            if let computed = computed.value, let value = computed as? Value { return (value, .computed) }
            do {
                return (try core.coding.value(computed.stored, as: type, key: key), .computed)
            } catch let error as CacheError where error.code == .undecodable {
                // Another caller computed a value of another type, which counts as none: this one takes its own.
                supersedes = true
            }
        }
    }

    /// The time of day as entries live by it, in milliseconds since 1970.
    package func milliseconds() -> Int64 { core.clock.milliseconds() }

    /// A number for bytes, the same in every process that has the cache open, and unpredictable to everybody else.
    package func fingerprint(of bytes: UnsafeRawBufferPointer) -> UInt64 { core.tags.fingerprint(of: bytes) }

    // MARK: Made outside of `fetch`

    /// A moment before a value was made: it may know of the invalidations until then, and of none since.
    package struct Beginning: Sendable {
        fileprivate let entry: CacheChange.NewEntry
    }

    /// Now, for a value that depends on these tags. At most one read.
    ///
    /// - Throws: `DatabaseError`.
    package func beginning(tags: [String]) throws -> Beginning {
        Beginning(entry: try newEntry(.never, tags))
    }

    /// As the public `compareAndSet`, for a value that took a while: what was invalidated since its beginning ends it.
    ///
    /// - Returns: Whether it was stored. One that was invalidated may be, and is then not valid.
    /// - Throws: `CacheError` with `tooLarge`, `unencodable` or `degraded`; `DatabaseError`; `CancellationError`.
    package func compareAndSet<Value: Encodable & Sendable>(
        _ key: String, _ made: Made<Value>, version: Version, since beginning: Beginning
    ) async throws -> Bool {
        let new = CacheChange.NewEntry(
            value: StoredValue(.null), lifetime: core.milliseconds(made.expiresIn),
            stale: made.staleFor.wholeMilliseconds, tags: beginning.entry.tags, tagsAt: beginning.entry.tagsAt)
        return try await put(key, made.value, new, .version(version.number))
    }
}
