extension Cache {
    /// Adds to a counter, which is stored as a number. One write transaction.
    ///
    /// A counter that is missing, or whose time is over, begins at zero and gets the lifetime; one that is there keeps
    /// its own.
    ///
    /// - Parameters:
    ///   - key: Any string.
    ///   - amount: What to add; negative takes away.
    ///   - expiresIn: How long a new counter lives. Default as the configuration says.
    /// - Returns: The sum.
    /// - Throws: `CacheError` with `overflow` if the sum leaves 64 bits, `undecodable` if the entry is no whole number: both
    ///   leave it as it is; `degraded`. `DatabaseError`.
    @discardableResult
    public func increment(
        _ key: String, by amount: Int = 1, expiresIn: Lifetime = .standard
    ) async throws -> Int {
        switch try await increment(key, .integer(Int64(amount)), expiresIn) {
        case .integer(let sum): return Int(sum)
        case .real(let sum):
            guard let whole = Int(exactly: sum) else {
                throw CacheError(
                    .undecodable,
                    "Counting with the entry \(key): it holds a Double, and the sum is no whole number. The sum was "
                        + "stored; count with Doubles")
            }
            return whole
        }
    }

    /// Takes from a counter; see ``increment(_:by:expiresIn:)->Int``.
    ///
    /// - Throws: The same.
    @discardableResult
    public func decrement(
        _ key: String, by amount: Int = 1, expiresIn: Lifetime = .standard
    ) async throws -> Int {
        guard amount != .min else {
            throw CacheError(.overflow, "Counting with the entry \(key): the smallest Int has no opposite")
        }
        return try await increment(key, by: -amount, expiresIn: expiresIn)
    }

    /// Adds to a counter of Doubles. One write transaction. A whole number that is there becomes a Double.
    ///
    /// - Returns: The sum.
    /// - Throws: `CacheError` with `overflow` if the sum is not finite, `undecodable` if the entry is no number: both leave
    ///   it as it is; `degraded`. `DatabaseError`.
    @discardableResult
    public func increment(
        _ key: String, by amount: Double, expiresIn: Lifetime = .standard
    ) async throws -> Double {
        guard amount.isFinite else {
            throw CacheError(.overflow, "Counting with the entry \(key): the amount is not finite")
        }
        switch try await increment(key, .real(amount), expiresIn) {
        case .integer(let sum): return Double(sum)
        case .real(let sum): return sum
        }
    }

    /// Takes from a counter of Doubles.
    ///
    /// - Throws: As ``increment(_:by:expiresIn:)->Double``.
    @discardableResult
    public func decrement(
        _ key: String, by amount: Double, expiresIn: Lifetime = .standard
    ) async throws -> Double {
        try await increment(key, by: -amount, expiresIn: expiresIn)
    }

    private func increment(_ key: String, _ amount: Number, _ lifetime: Lifetime) async throws -> Number {
        let common = try newEntry(lifetime, [])
        if common.tags.isEmpty { try core.refreshTags() }
        let change = CacheChange(key: scope.entryKey(key), kind: .increment(amount, common))
        guard case .number(let sum) = try await core.commit(change) else {
            preconditionFailure("counting gave no number")
        }
        scope.counters.sets.count()
        return sum
    }
}
