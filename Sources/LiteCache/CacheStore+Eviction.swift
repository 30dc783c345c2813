import LiteDB

/// Making room: what is over goes first, then what the hand finds unvisited (SIEVE).
extension CacheStore {
    /// What an entry costs beside its value and twice its key: its row, and its places in the order and in two indexes.
    static let overheadBytes = 100
    /// How many entries one step of the hand looks at.
    static let batchCount = 64
    /// After sparing so many entries in one transaction the hand takes what comes, so that no write has to walk the whole
    /// cache.
    static let maximumSparedCount = 1_024

    /// What an entry counts against the budget.
    static func bytes(of value: StoredValue, key: String) -> Int64 {
        Int64(value.byteCount + key.utf8.count * 2 + overheadBytes)
    }

    /// Evicts until an entry of this size fits, and a little more, so that not every write has to.
    func makeRoom(
        for bytes: Int64, in ledger: inout Ledger, at now: Int64, _ visited: VisitedEntries,
        _ transaction: borrowing Transaction
    ) throws {
        let limit = maximumBytes - bytes
        while ledger.bytes > limit {
            if try removeExpired(at: now, from: &ledger, in: transaction) == 0 { break }
        }
        let goal = limit - min(maximumBytes / 256, 64 << 10)
        var spared = 0
        while ledger.bytes > limit, ledger.entryCount > 0 {
            try moveHand(until: goal, &spared, &ledger, visited, transaction)
        }
    }

    private struct Candidate {
        let position: Int64
        let hash: Int64
        let isVisited: Bool
    }

    static func candidates(after hand: Int64) -> SQL {
        """
        SELECT position, hash, is_visited
        FROM lite_cache_order
        WHERE position > \(hand)
        ORDER BY position
        LIMIT \(batchCount)
        """
    }

    private func moveHand(
        until goal: Int64, _ spared: inout Int, _ ledger: inout Ledger, _ visited: VisitedEntries,
        _ transaction: borrowing Transaction
    ) throws {
        let start = ledger.hand
        let candidates = try transaction.all(Self.candidates(after: start)) { row in
            Candidate(
                position: try row.integer(0), hash: try row.integer(1), isVisited: try row.integer(2) != 0)
        }
        if candidates.isEmpty {
            guard start != 0 else {
                throw DatabaseError(
                    .damaged, "Making room: the cache's order of entries is lost. Remove the file; it is made anew")
            }
            // Past the newest entry: the hand starts again at the oldest.
            ledger.hand = 0
            return
        }
        var hasMark = false
        for candidate in candidates where ledger.bytes > goal {
            ledger.hand = candidate.position
            // A read of this process is noted in its memory, one of another in the file.
            let wasRead = visited.remove(candidate.position)
            if wasRead || candidate.isVisited, spared < Self.maximumSparedCount {
                spared += 1
                hasMark = hasMark || candidate.isVisited
            } else {
                try evict(candidate.hash, candidate.position, from: &ledger, in: transaction)
            }
        }
        guard hasMark else { return }
        try transaction.execute(
            """
            UPDATE lite_cache_order
            SET is_visited = 0
            WHERE position > \(start) AND position <= \(ledger.hand) AND is_visited = 1
            """)
    }

    private func evict(
        _ hash: Int64, _ position: Int64, from ledger: inout Ledger, in transaction: borrowing Transaction
    ) throws {
        let found = try transaction.first("SELECT bytes, key FROM lite_cache_entries WHERE hash = \(hash)") { row in
            (bytes: try row.integer(0), key: try row.text(1))
        }
        ledger.departures[Scope.name(in: found?.key ?? ""), default: .init()].evicted += 1
        try remove(hash, found?.bytes ?? 0, position, from: &ledger, in: transaction)
    }

    // MARK: What is over

    static func expired(at now: Int64) -> SQL {
        """
        SELECT hash, bytes, position, key
        FROM lite_cache_entries
        WHERE sweep_at <= \(now)
        ORDER BY sweep_at
        LIMIT \(batchCount)
        """
    }

    /// Removes some of what is over.
    ///
    /// - Returns: How many entries.
    func removeExpired(
        at now: Int64, from ledger: inout Ledger, in transaction: borrowing Transaction
    ) throws -> Int {
        let expired = try transaction.all(Self.expired(at: now)) { row in
            (
                hash: try row.integer(0), bytes: try row.integer(1), position: try row.integer(2),
                key: try row.text(3)
            )
        }
        for entry in expired {
            ledger.departures[Scope.name(in: entry.key), default: .init()].expired += 1
            try remove(entry.hash, entry.bytes, entry.position, from: &ledger, in: transaction)
        }
        return expired.count
    }

    func remove(
        _ hash: Int64, _ bytes: Int64, _ position: Int64, from ledger: inout Ledger,
        in transaction: borrowing Transaction
    ) throws {
        try transaction.execute("DELETE FROM lite_cache_entries WHERE hash = \(hash)")
        try transaction.execute("DELETE FROM lite_cache_order WHERE position = \(position)")
        ledger.bytes -= bytes
        ledger.entryCount -= 1
        _ = ledger.next(for: hash)
    }
}
