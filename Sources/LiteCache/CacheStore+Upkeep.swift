import LiteDB

/// Clearing, sweeping and shrinking.
extension CacheStore {
    /// Runs changes that read and write the ledger.
    func withLedger<T>(
        in transaction: borrowing Transaction, _ body: (inout Ledger, borrowing Transaction) throws -> T
    ) throws -> T {
        var ledger = try Self.ledger(in: transaction)
        let result = try body(&ledger, transaction)
        try overtakeFlights(of: ledger, in: transaction)
        try Self.save(ledger, in: transaction)
        return result
    }

    /// Removes everything. SQLite drops the pages without reading the entries.
    func clear(in transaction: borrowing Transaction) throws {
        try withLedger(in: transaction) { ledger, transaction in
            try transaction.execute("DELETE FROM lite_cache_entries")
            try transaction.execute("DELETE FROM lite_cache_order")
            ledger.clear()
        }
    }

    static func keys(from key: String, before end: String?, limit: Int) -> SQL {
        let bound: SQL = end.map { "AND key < \($0)" } ?? ""
        return """
            SELECT hash, bytes, position, expires_at, tags, tags_at, flags
            FROM lite_cache_entries
            WHERE key >= \(key) \(bound)
            ORDER BY key
            LIMIT \(limit)
            """
    }

    /// Removes some of the entries whose keys begin with `prefix`.
    ///
    /// - Returns: How many entries were removed, and how many of them were live.
    func delete(
        prefix: String, limit: Int, at now: Int64, in transaction: borrowing Transaction
    ) throws -> (removed: Int, live: Int) {
        try withLedger(in: transaction) { ledger, transaction in
            let end = Scope.end(ofPrefix: prefix)
            let found = try transaction.all(Self.keys(from: prefix, before: end, limit: limit)) { row in
                let isFailure = StoredValue.Flags(rawValue: try row.integer(6)).contains(.failure)
                let isFresh = try !isFailure && (row.isNull(3) ? Int64.max : row.integer(3)) > now
                let buckets = try row.isNull(4) ? [] : row.withBytes(4, Self.unpack)
                let isLive = try isFresh && tags.wasValid(buckets, since: row.isNull(5) ? 0 : row.integer(5))
                return (
                    hash: try row.integer(0), bytes: try row.integer(1), position: try row.integer(2), isLive: isLive
                )
            }
            for entry in found {
                try remove(entry.hash, entry.bytes, entry.position, from: &ledger, in: transaction)
            }
            // A computation's row has no key. Of keys that begin otherwise some are computed once more.
            try overtakeFlights(of: ledger, all: true, in: transaction)
            return (found.count, found.count { $0.isLive })
        }
    }

    /// Removes everything that an earlier run of the machine left, or that speaks of another file's tags, and notes which
    /// they are.
    ///
    /// With durability `.normal` a power cut takes the last transactions back, deletions among them, so nothing from
    /// before it may be shown. The note itself may be lost with them: then the next run finds an older one. A file of
    /// tags whose numbers went back was restored from a backup: entries could take its next invalidations for older ones.
    ///
    /// - Returns: Whether there was anything to remove.
    func forgetOthers(
        boot: String?, tagsOrigin: [UInt8], tagsAt: Int64, in transaction: borrowing Transaction
    ) throws -> Bool {
        let stored = try transaction.first("SELECT boot_id, tags_origin, tags_at FROM lite_cache_file WHERE id = 1") {
            row in
            (boot: try row.text(0), origin: try row.get(1, as: [UInt8].self), tagsAt: try row.integer(2))
        }
        let isOurs = stored.map { $0.origin == tagsOrigin && $0.tagsAt <= tagsAt } ?? false
        let hadEntries = try Self.ledger(in: transaction).entryCount > 0
        if let boot, stored?.boot == boot, isOurs { return false }
        if hadEntries { try clear(in: transaction) }
        try transaction.execute("DELETE FROM lite_cache_flights")
        try transaction.execute(
            """
            UPDATE lite_cache_file
            SET boot_id = \(boot ?? ""), tags_origin = \(tagsOrigin), tags_at = \(tagsAt)
            WHERE id = 1
            """)
        return hadEntries
    }

    /// Whether anything is over, entries or computations.
    func hasUpkeep(at now: Int64, in access: borrowing some ReadAccess & ~Copyable) throws -> Bool {
        try access.first(
            """
            SELECT EXISTS (SELECT 1 FROM lite_cache_entries WHERE sweep_at <= \(now))
                OR EXISTS (SELECT 1 FROM lite_cache_flights WHERE deadline <= \(now))
            """) ?? false
    }

    /// Notes how far the tags are, so that a restored file of tags is recognised.
    func noteTags(at tagsAt: Int64, in transaction: borrowing Transaction) throws {
        try transaction.execute("UPDATE lite_cache_file SET tags_at = \(tagsAt) WHERE id = 1 AND tags_at < \(tagsAt)")
    }

    /// Writes down which entries were read, for the process that evicts.
    func mark(_ visited: Set<Int64>, in transaction: borrowing Transaction) throws {
        for position in visited {
            try transaction.execute(
                "UPDATE lite_cache_order SET is_visited = 1 WHERE position = \(position) AND is_visited = 0")
        }
    }

    /// Gives pages that nothing needs back to the file system, a few at a time.
    ///
    /// - Returns: Whether there is more to give back.
    static func shrink(pageCount: Int, in transaction: borrowing Transaction) throws -> Bool {
        let free = try transaction.first("PRAGMA freelist_count", as: Int.self) ?? 0
        let all = try transaction.first("PRAGMA page_count", as: Int.self) ?? 0
        // Some free pages are the next entries' room.
        guard free > pageCount, free > all / 8 else { return false }
        try transaction.forEach("PRAGMA incremental_vacuum(\(raw: "\(pageCount)"))") { _ in }
        return free - pageCount > max(pageCount, all / 8)
    }

    /// When the oldest of the entries was stored that stand first in the order.
    static func oldest(in access: borrowing some ReadAccess & ~Copyable) throws -> Int64? {
        try access.first(
            """
            SELECT min(entries.stored_at)
            FROM (SELECT hash FROM lite_cache_order ORDER BY position LIMIT \(batchCount)) AS first
            JOIN lite_cache_entries AS entries ON entries.hash = first.hash
            """
        ) { try $0.isNull(0) ? nil : $0.integer(0) } ?? nil
    }
}
