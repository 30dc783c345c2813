import LiteDB

/// All SQL of the cache's file: reading here, changes, eviction, flights and upkeep in the files beside it.
struct CacheStore: Sendable {
    let maximumBytes: Int64
    let tags: TagVersions

    /// A live entry.
    struct Entry: Sendable {
        let version: Int64
        let bytes: Int64
        let times: EntryTimes
        let position: Int64
        let tags: [UInt32]
        let tagsAt: Int64
        let value: StoredValue
    }

    static func hashKey(in access: borrowing some ReadAccess & ~Copyable) throws -> [UInt8] {
        try access.first("SELECT hash_key FROM lite_cache_file WHERE id = 1") ?? []
    }

    // MARK: Reading

    // The texts of hot statements are made once: an interpolation would put them together for each call.
    private static let columns =
        "version, bytes, expires_at, kept_until, position, sweep_at, flags, tags, tags_at, key, value"
    private static let lookupText = "SELECT \(columns) FROM lite_cache_entries WHERE hash = ?"

    static func lookup(_ hash: Int64) -> SQL { SQL(lookupText, arguments: [.integer(hash)]) }

    /// The entry as it stands, also if it is over.
    func row(_ key: EntryKey, in access: borrowing some ReadAccess & ~Copyable) throws -> Entry? {
        let found = try access.first(Self.lookup(key.hash)) { row -> Entry? in
            let isSame = try row.withBytes(9, key.isText)
            return isSame ? try Self.entry(row) : nil
        }
        return found ?? nil
    }

    /// So many rows are looked up by one statement.
    private static let chunkCount = 32
    private static let chunkText = """
        WITH wanted (number, hash) AS (VALUES \((0..<chunkCount).map { "(\($0), ?)" }.joined(separator: ", ")))
        SELECT \(columns), number
        FROM wanted CROSS JOIN lite_cache_entries USING (hash)
        """

    static func chunk(_ hashes: [Int64]) -> SQL { SQL(chunkText, arguments: hashes.map { .integer($0) }) }

    /// Several entries as they stand, also if they are over; nil for one that is missing.
    func rows(_ keys: [EntryKey], in access: borrowing some ReadAccess & ~Copyable) throws -> [Entry?] {
        var entries = [Entry?](repeating: nil, count: keys.count)
        let wholeCount = keys.count / Self.chunkCount * Self.chunkCount
        for start in stride(from: 0, to: wholeCount, by: Self.chunkCount) {
            let hashes = keys[start..<start + Self.chunkCount].map(\.hash)
            try access.forEach(Self.chunk(hashes)) { row in
                let index = start + Int(try row.integer(11))
                if try row.withBytes(9, keys[index].isText) { entries[index] = try Self.entry(row) }
            }
        }
        for index in wholeCount..<keys.count { entries[index] = try row(keys[index], in: access) }
        return entries
    }

    private static func entry(_ row: borrowing Row) throws -> Entry {
        let tags = try row.isNull(7) ? [] : row.withBytes(7, unpack)
        return Entry(
            version: try row.integer(0), bytes: try row.integer(1),
            times: EntryTimes(
                expiresAt: try row.isNull(2) ? nil : row.integer(2),
                keptUntil: try row.isNull(3) ? nil : row.integer(3),
                sweepAt: try row.isNull(5) ? nil : row.integer(5)),
            position: try row.integer(4), tags: tags, tagsAt: tags.isEmpty ? 0 : try row.integer(8),
            value: StoredValue(try row.get(10), flags: .init(rawValue: try row.integer(6))))
    }

    /// Whether the entry may be shown: valid until, and not at, its time, and of no tag that was invalidated since.
    func isLive(_ entry: Entry, at now: Int64) -> Bool {
        !entry.value.flags.contains(.failure) && isValid(entry, at: now)
    }

    /// The same, of a stored failure too.
    func isValid(_ entry: Entry, at now: Int64) -> Bool {
        if let expiry = entry.times.expiresAt, expiry <= now { return false }
        return entry.tags.isEmpty || tags.wasValid(entry.tags, since: entry.tagsAt)
    }

    static func pack(_ tags: [UInt32]) -> [UInt8]? {
        tags.isEmpty ? nil : tags.withUnsafeBytes { Array($0) }
    }

    static func unpack(_ bytes: UnsafeRawBufferPointer) -> [UInt32] {
        (0..<bytes.count / 4).map {
            bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self) % UInt32(TagVersions.bucketCount)
        }
    }

    // MARK: Many

    /// One key of many, and whether it is live.
    struct Listed: Sendable {
        let key: String
        let bytes: Int64
        let storedAt: Int64
        let isLive: Bool
    }

    static func list(after key: String, before end: String?, limit: Int) -> SQL {
        let bound: SQL = end.map { "AND key < \($0)" } ?? ""
        return """
            SELECT key, bytes, stored_at, expires_at, tags, tags_at, flags
            FROM lite_cache_entries
            WHERE key >= \(key) \(bound)
            ORDER BY key
            LIMIT \(limit)
            """
    }

    /// Entries in the order of their keys, from one key on.
    func list(
        from key: String, before end: String?, limit: Int, at now: Int64,
        in access: borrowing some ReadAccess & ~Copyable
    ) throws -> [Listed] {
        try access.all(Self.list(after: key, before: end, limit: limit)) { try listed($0, at: now) }
    }

    private func listed(_ row: borrowing Row, at now: Int64) throws -> Listed {
        let expiry = try row.isNull(3) ? Int64.max : row.integer(3)
        let buckets = try row.isNull(4) ? [] : row.withBytes(4, Self.unpack)
        let tagsAt = try row.isNull(5) ? 0 : row.integer(5)
        let isFailure = StoredValue.Flags(rawValue: try row.integer(6)).contains(.failure)
        return Listed(
            key: try row.text(0), bytes: try row.integer(1), storedAt: try row.integer(2),
            isLive: expiry > now && !isFailure && tags.wasValid(buckets, since: tagsAt))
    }

    /// Live entries, counted together.
    struct Sum: Sendable {
        var count = 0
        var bytes: Int64 = 0
        var oldest: Int64?
    }

    func sum(
        from key: String, before end: String?, at now: Int64, in access: borrowing some ReadAccess & ~Copyable
    ) throws -> Sum {
        var sum = Sum()
        try access.forEach(Self.list(after: key, before: end, limit: .max)) { row in
            let entry = try listed(row, at: now)
            guard entry.isLive else { return }
            sum.count += 1
            sum.bytes += entry.bytes
            sum.oldest = min(sum.oldest ?? .max, entry.storedAt)
        }
        return sum
    }
}
