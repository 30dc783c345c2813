import LiteDB

/// Computations under way, one row each, so that of several processes one computes and the others wait.
///
/// A row names the process that computes, whose proof of life is a lock (`ProcessMark`), and a deadline by the time of day.
/// Whatever changes the entry meanwhile marks the row as overtaken: then the result is not stored.
extension CacheStore {
    /// A computation of another process.
    struct Flight: Sendable {
        let token: Int64
        let process: String
        let deadline: Int64
        let failure: String?
        /// The number of the last invalidation before it began.
        let tagsAt: Int64
        /// The entry was changed since.
        let isOvertaken: Bool
    }

    /// What a process that wants to compute finds.
    enum Claim: Sendable {
        /// Somebody stored it meanwhile.
        case hit(Entry)
        /// This process computes.
        case mine
        /// Another one does.
        case theirs(Flight)
    }

    static func flight(_ hash: Int64) -> SQL {
        """
        SELECT token, process, deadline, failure, tags_at, is_overtaken
        FROM lite_cache_flights
        WHERE hash = \(hash)
        """
    }

    func flight(_ key: EntryKey, in access: borrowing some ReadAccess & ~Copyable) throws -> Flight? {
        try access.first(Self.flight(key.hash)) { row in
            Flight(
                token: try row.integer(0), process: try row.text(1), deadline: try row.integer(2),
                failure: try row.isNull(3) ? nil : row.text(3), tagsAt: try row.integer(4),
                isOvertaken: try row.integer(5) != 0)
        }
    }

    /// Whether its result will be older than a call that begins now may get.
    func isOutdated(_ flight: Flight, for buckets: [UInt32]) -> Bool {
        flight.isOvertaken || !tags.wasValid(buckets, since: flight.tagsAt)
    }

    /// Takes the right to compute, unless the entry is fresh, or a process that lives computes it and nothing made its
    /// result older than this call may get.
    ///
    /// - Parameters:
    ///   - dead: A process that was found dead: its row is taken over.
    ///   - unusable: The version of an entry that counts as none.
    func claim(
        _ key: EntryKey, _ new: CacheChange.NewEntry, token: Int64, process: String, deadline: Int64, dead: String?,
        unusable: Int64?, at now: Int64, in transaction: borrowing Transaction
    ) throws -> Claim {
        if let entry = try row(key, in: transaction), entry.version != unusable, isValid(entry, at: now) {
            return .hit(entry)
        }
        if let flight = try flight(key, in: transaction), flight.failure == nil, flight.deadline > now,
            flight.process != dead, !isOutdated(flight, for: new.tags)
        {
            return .theirs(flight)
        }
        try removeOldFlights(at: now, limit: Self.oldFlightCount, in: transaction)
        try transaction.execute(
            """
            INSERT INTO lite_cache_flights (hash, token, process, deadline, tags_at)
            VALUES (\(key.hash), \(token), \(process), \(deadline), \(new.tagsAt))
            ON CONFLICT (hash) DO UPDATE
            SET token = excluded.token, process = excluded.process, deadline = excluded.deadline,
                tags_at = excluded.tags_at, is_overtaken = 0, failure = NULL
            """)
        return .mine
    }

    /// Stores the result, if the computation is still this process's and nothing changed the entry meanwhile.
    ///
    /// - Returns: What was stored; nil if nothing was.
    func complete(
        _ change: CacheChange, token: Int64, at now: Int64, visited: VisitedEntries,
        in transaction: borrowing Transaction
    ) throws -> (outcome: CacheChange.Outcome?, departures: [String: Ledger.Departures]) {
        let isOvertaken = try transaction.first(
            "SELECT is_overtaken FROM lite_cache_flights WHERE hash = \(change.key.hash) AND token = \(token)",
            as: Bool.self)
        try endFlight(change.key, token: token, in: transaction)
        guard isOvertaken == false else { return (nil, [:]) }
        let applied = try apply([change], at: now, visited: visited, in: transaction)
        return (try applied.results.first?.get(), applied.departures)
    }

    /// Removes the row of a computation that is over.
    func endFlight(_ key: EntryKey, token: Int64, in transaction: borrowing Transaction) throws {
        try transaction.execute("DELETE FROM lite_cache_flights WHERE hash = \(key.hash) AND token = \(token)")
    }

    /// Leaves the failure to those who wait in other processes. The next computation takes the row.
    ///
    /// - Parameter until: How long a stale entry is not refreshed. Then the row may go.
    func fail(
        _ key: EntryKey, token: Int64, _ failure: String, until: Int64, in transaction: borrowing Transaction
    ) throws {
        try transaction.execute(
            """
            UPDATE lite_cache_flights
            SET failure = \(failure), deadline = \(until)
            WHERE hash = \(key.hash) AND token = \(token)
            """)
    }

    /// Stores a failure as an entry; but where a value is kept that may still be served, the failure is only told.
    func completeFailure(
        _ change: CacheChange, token: Int64, _ failure: String, until: Int64, at now: Int64, visited: VisitedEntries,
        in transaction: borrowing Transaction
    ) throws -> [String: Ledger.Departures] {
        if let entry = try row(change.key, in: transaction), !entry.value.flags.contains(.failure),
            (entry.times.keptUntil ?? .max) > now, tags.wasValid(entry.tags, since: entry.tagsAt)
        {
            try fail(change.key, token: token, failure, until: until, in: transaction)
            return [:]
        }
        return try complete(change, token: token, at: now, visited: visited, in: transaction).departures
    }

    /// Marks the computations of entries that this transaction changed; `all` where it cannot be told which.
    ///
    /// - Returns: Whether there may be others.
    @discardableResult
    func overtakeFlights(
        of ledger: Ledger, all: Bool = false, in transaction: borrowing Transaction
    ) throws -> Bool {
        guard all || ledger.isCleared || !ledger.touched.isEmpty else { return true }
        let flying = try transaction.all(Self.runningFlights, as: Int64.self)
        guard !flying.isEmpty else { return false }
        let touched = Set(ledger.touched)
        for hash in flying where all || ledger.isCleared || touched.contains(hash) {
            try transaction.execute("UPDATE lite_cache_flights SET is_overtaken = 1 WHERE hash = \(hash)")
        }
        return true
    }

    /// So many old rows go with each new one, so that they stay few without upkeep.
    static let oldFlightCount = 8

    static func oldFlights(at now: Int64, limit: Int) -> SQL {
        """
        SELECT hash
        FROM lite_cache_flights
        WHERE deadline <= \(now)
        ORDER BY deadline
        LIMIT \(limit)
        """
    }

    /// Removes rows that nobody can wait for any more.
    func removeOldFlights(at now: Int64, limit: Int = -1, in transaction: borrowing Transaction) throws {
        try transaction.execute(
            "DELETE FROM lite_cache_flights WHERE hash IN (\(Self.oldFlights(at: now, limit: limit)))")
    }

    /// Computations that a change may overtake. The index holds no others.
    static let runningFlights: SQL = """
        SELECT hash
        FROM lite_cache_flights
        WHERE is_overtaken = 0 AND failure IS NULL
        """
}
