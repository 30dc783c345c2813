import LiteDB

/// All SQL of the cache.
struct CacheStore: Sendable {
    /// What an entry costs beside its key and value: its row, its place in two indexes.
    static let overheadBytes = 64
    /// How many entries one step of the eviction looks at.
    static let batchCount = 64
    /// After clearing this many visited marks in one transaction the hand takes what comes, so that no write has to
    /// walk the whole cache.
    static let maximumSparedCount = 1_024

    let hash: SipHash
    let maximumBytes: Int64

    /// A live entry.
    struct Hit {
        let hash: Int64
        let value: StoredValue
        let isVisited: Bool
    }

    /// The ledger: what is in the cache, and where the hand of the eviction stands.
    struct Ledger {
        var bytes: Int64
        var entryCount: Int64
        var lastPosition: Int64
        var hand: Int64
    }

    static func hashKey(in access: borrowing some ReadAccess & ~Copyable) throws -> [UInt8] {
        try access.first("SELECT hash_key FROM lite_cache_ledger WHERE id = 1") ?? []
    }

    func rowID(_ key: String) -> Int64 {
        Int64(bitPattern: hash.hash(key))
    }

    // MARK: Reading

    /// The entry, if it is there and has not expired: valid until, and not at, its time.
    func entry(_ key: String, at now: Int64, in access: borrowing some ReadAccess & ~Copyable) throws -> Hit? {
        let hash = rowID(key)
        let found = try access.first(Self.lookup(hash)) { row -> Hit? in
            guard try row.text(0) == key else { return nil }
            if let expiry = try row.get(3, as: Int64?.self), expiry <= now { return nil }
            let format = StoredValue.Format(rawValue: try row.get(2)) ?? .plain
            return Hit(
                hash: hash, value: StoredValue(format: format, bytes: try row.get(1)), isVisited: try row.get(4))
        }
        return found ?? nil
    }

    static func lookup(_ hash: Int64) -> SQL {
        "SELECT key, value, format, expires_at, is_visited FROM lite_cache_entries WHERE hash = \(hash)"
    }

    func ledger(in access: borrowing some ReadAccess & ~Copyable) throws -> Ledger {
        let ledger = try access.first(
            "SELECT bytes, entry_count, last_position, hand FROM lite_cache_ledger WHERE id = 1"
        ) { row in
            Ledger(
                bytes: try row.integer(0), entryCount: try row.integer(1), lastPosition: try row.integer(2),
                hand: try row.integer(3))
        }
        return ledger ?? Ledger(bytes: 0, entryCount: 0, lastPosition: 0, hand: 0)
    }

    // MARK: Writing

    /// What an entry counts against the budget.
    static func bytes(of value: StoredValue, key: String) -> Int64 {
        Int64(value.bytes.count + key.utf8.count + overheadBytes)
    }

    /// Stores an entry, after making room for it.
    ///
    /// - Returns: Whether room had to be made, and so the visited entries are marked in the file now.
    func set(
        _ key: String, _ value: StoredValue, expiresAt: Int64?, visited: Set<Int64>, at now: Int64,
        in transaction: borrowing Transaction
    ) throws -> Bool {
        let hash = rowID(key)
        let bytes = Self.bytes(of: value, key: key)
        var ledger = try ledger(in: transaction)
        var old = try transaction.first("SELECT bytes FROM lite_cache_entries WHERE hash = \(hash)", as: Int64.self)
        let needsRoom = ledger.bytes - (old ?? 0) + bytes > maximumBytes
        if needsRoom {
            try mark(visited, in: transaction)
            if let replaced = old {
                try remove(hash, replaced, from: &ledger, in: transaction)
                old = nil
            }
            try makeRoom(for: bytes, in: &ledger, at: now, transaction)
        }
        ledger.bytes += bytes - (old ?? 0)
        ledger.lastPosition += 1
        if old == nil { ledger.entryCount += 1 }
        try transaction.execute(
            """
            INSERT INTO lite_cache_entries (hash, key, value, format, bytes, expires_at, position)
            VALUES (\(hash), \(key), \(value.bytes), \(value.format.rawValue), \(bytes), \(expiresAt),
                \(ledger.lastPosition))
            ON CONFLICT (hash) DO UPDATE
            SET key = excluded.key, value = excluded.value, format = excluded.format, bytes = excluded.bytes,
                expires_at = excluded.expires_at, is_visited = 1
            """)
        try save(ledger, in: transaction)
        return needsRoom
    }

    /// Removes an entry; false if there was none, or only an expired one.
    func delete(_ key: String, at now: Int64, in transaction: borrowing Transaction) throws -> Bool {
        let hash = rowID(key)
        let found = try transaction.first(
            "SELECT bytes, expires_at FROM lite_cache_entries WHERE hash = \(hash) AND key = \(key)"
        ) { row in
            (bytes: try row.integer(0), expiry: try row.get(1, as: Int64?.self))
        }
        guard let found else { return false }
        var ledger = try ledger(in: transaction)
        try remove(hash, found.bytes, from: &ledger, in: transaction)
        try save(ledger, in: transaction)
        return found.expiry.map { $0 > now } ?? true
    }

    /// Removes everything.
    func clear(in transaction: borrowing Transaction) throws {
        try transaction.execute("DELETE FROM lite_cache_entries")
        try transaction.execute("UPDATE lite_cache_ledger SET bytes = 0, entry_count = 0, hand = 0 WHERE id = 1")
    }

    /// Removes everything that an earlier run of the machine left, and notes which run this is.
    ///
    /// With durability `.normal` a power cut takes the last transactions back, deletions among them, so nothing from
    /// before it may be shown. The note itself may be lost with them: then the next run finds an older one.
    ///
    /// - Returns: Whether there was anything to remove.
    func forgetEarlierBoots(current: String?, in transaction: borrowing Transaction) throws -> Bool {
        let stored = try transaction.first("SELECT boot_id FROM lite_cache_ledger WHERE id = 1", as: String.self)
        if let current, stored == current { return false }
        let hadEntries = try ledger(in: transaction).entryCount > 0
        try clear(in: transaction)
        try transaction.execute("UPDATE lite_cache_ledger SET boot_id = \(current ?? "") WHERE id = 1")
        return hadEntries
    }

    /// Removes some of what has expired.
    ///
    /// - Returns: Whether there may be more.
    func removeExpired(at now: Int64, in transaction: borrowing Transaction) throws -> Bool {
        var ledger = try ledger(in: transaction)
        let count = try removeExpired(at: now, from: &ledger, in: transaction)
        if count > 0 { try save(ledger, in: transaction) }
        return count == Self.batchCount
    }

    // MARK: Eviction

    /// Notes that these entries were read.
    private func mark(_ visited: Set<Int64>, in transaction: borrowing Transaction) throws {
        for hash in visited {
            try transaction.execute(
                "UPDATE lite_cache_entries SET is_visited = 1 WHERE hash = \(hash) AND is_visited = 0")
        }
    }

    /// Evicts until an entry of this size fits: what has expired, then what the hand finds unvisited.
    private func makeRoom(
        for bytes: Int64, in ledger: inout Ledger, at now: Int64, _ transaction: borrowing Transaction
    ) throws {
        while ledger.bytes + bytes > maximumBytes {
            if try removeExpired(at: now, from: &ledger, in: transaction) == 0 { break }
        }
        var sparedCount = 0
        while ledger.bytes + bytes > maximumBytes, ledger.entryCount > 0 {
            let start = ledger.hand
            let candidates = try transaction.all(Self.candidates(after: start)) { row in
                Candidate(
                    hash: try row.integer(0), position: try row.integer(1), isVisited: try row.get(2),
                    bytes: try row.integer(3))
            }
            if candidates.isEmpty {
                // Past the newest entry: the hand starts again at the oldest.
                guard start != 0 else { return }
                ledger.hand = 0
                continue
            }
            for candidate in candidates where ledger.bytes + bytes > maximumBytes {
                ledger.hand = candidate.position
                if candidate.isVisited, sparedCount < Self.maximumSparedCount {
                    sparedCount += 1
                } else {
                    try remove(candidate.hash, candidate.bytes, from: &ledger, in: transaction)
                }
            }
            try transaction.execute(Self.spare(after: start, through: ledger.hand))
        }
    }

    private struct Candidate {
        let hash: Int64
        let position: Int64
        let isVisited: Bool
        let bytes: Int64
    }

    static func candidates(after hand: Int64) -> SQL {
        """
        SELECT hash, position, is_visited, bytes
        FROM lite_cache_entries
        WHERE position > \(hand)
        ORDER BY position
        LIMIT \(batchCount)
        """
    }

    static func spare(after start: Int64, through hand: Int64) -> SQL {
        """
        UPDATE lite_cache_entries
        SET is_visited = 0
        WHERE position > \(start) AND position <= \(hand) AND is_visited = 1
        """
    }

    static func expired(at now: Int64) -> SQL {
        """
        SELECT hash, bytes
        FROM lite_cache_entries
        WHERE expires_at <= \(now)
        ORDER BY expires_at
        LIMIT \(batchCount)
        """
    }

    private func removeExpired(
        at now: Int64, from ledger: inout Ledger, in transaction: borrowing Transaction
    ) throws -> Int {
        let expired = try transaction.all(Self.expired(at: now)) { row in
            (hash: try row.integer(0), bytes: try row.integer(1))
        }
        for entry in expired { try remove(entry.hash, entry.bytes, from: &ledger, in: transaction) }
        return expired.count
    }

    private func remove(
        _ hash: Int64, _ bytes: Int64, from ledger: inout Ledger, in transaction: borrowing Transaction
    ) throws {
        try transaction.execute("DELETE FROM lite_cache_entries WHERE hash = \(hash)")
        ledger.bytes -= bytes
        ledger.entryCount -= 1
    }

    private func save(_ ledger: Ledger, in transaction: borrowing Transaction) throws {
        try transaction.execute(
            """
            UPDATE lite_cache_ledger
            SET bytes = \(ledger.bytes), entry_count = \(ledger.entryCount),
                last_position = \(ledger.lastPosition), hand = \(ledger.hand)
            WHERE id = 1
            """)
    }
}
