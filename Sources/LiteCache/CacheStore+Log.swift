import LiteDB

/// The log of changes, and the ledger that stands in its newest row.
extension CacheStore {
    /// So many numbers the log goes back, at least. A copy in memory that is further behind is emptied.
    static let keptChangeCount: Int64 = 65_536

    /// What changed since a number.
    struct Changes {
        var sequence: Int64
        /// Nil if it is not known any more, or everything was removed.
        var items: [(hash: Int64, sequence: Int64)]? = []
    }

    static func ledger(in access: borrowing some ReadAccess & ~Copyable) throws -> Ledger {
        let ledger = try access.first(
            "SELECT bytes, entry_count, hand, sequence FROM lite_cache_log ORDER BY sequence DESC LIMIT 1"
        ) { row in
            Ledger(
                bytes: try row.integer(0), entryCount: try row.integer(1), hand: try row.integer(2),
                sequence: try row.integer(3))
        }
        guard let ledger else {
            throw emptyLog
        }
        return ledger
    }

    private static var emptyLog: DatabaseError {
        DatabaseError(.damaged, "Reading the cache's log: it is empty. Remove the file; it is made anew")
    }

    static func sequence(in access: borrowing some ReadAccess & ~Copyable) throws -> Int64 {
        try access.first("SELECT max(sequence) FROM lite_cache_log") { row in
            guard !row.isNull(0) else { throw emptyLog }
            return try row.integer(0)
        } ?? 0
    }

    /// Appends the ledger, if anything was changed, and trims the log now and then.
    static func save(_ ledger: Ledger, in transaction: borrowing Transaction) throws {
        guard ledger.isChanged else { return }
        try transaction.execute(
            """
            INSERT INTO lite_cache_log (sequence, bytes, entry_count, hand, hashes)
            VALUES (\(ledger.sequence), \(ledger.bytes), \(ledger.entryCount), \(ledger.hand), \(ledger.hashes))
            """)
        // Once in a quarter of what is kept, or the log would be trimmed with each write.
        let quarter = keptChangeCount / 4
        let first = ledger.sequence - Int64(ledger.changed.count)
        if ledger.sequence / quarter != first / quarter {
            try transaction.execute("DELETE FROM lite_cache_log WHERE sequence < \(ledger.sequence - keptChangeCount)")
        }
    }

    static func changes(after sequence: Int64) -> SQL {
        "SELECT sequence, hashes FROM lite_cache_log WHERE sequence > \(sequence) ORDER BY sequence"
    }

    /// What changed since `known`. One read, of as many rows as there were transactions.
    static func changes(since known: Int64, in access: borrowing some ReadAccess & ~Copyable) throws -> Changes {
        var changes = Changes(sequence: known)
        // The row of the last look, or an older one, is still there: then nothing between was trimmed.
        let first =
            try access.first("SELECT min(sequence) FROM lite_cache_log") { row in
                guard !row.isNull(0) else { throw emptyLog }
                return try row.integer(0)
            } ?? .max
        guard first <= known else {
            return Changes(sequence: try sequence(in: access), items: nil)
        }
        try access.forEach(Self.changes(after: known)) { row in
            changes.sequence = try row.integer(0)
            guard !row.isNull(1) else {
                changes.items = nil
                return
            }
            guard changes.items != nil else { return }
            let hashes = try row.withBytes(1, Ledger.hashes)
            var number = changes.sequence - Int64(hashes.count)
            for hash in hashes {
                number += 1
                changes.items?.append((hash, number))
            }
        }
        return changes
    }
}
