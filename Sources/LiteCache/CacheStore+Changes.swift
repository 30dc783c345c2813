import LiteDB

/// Changes of entries, many in one transaction.
extension CacheStore {
    /// What is known of the row that a change finds.
    private struct Present {
        let bytes: Int64
        let expiresAt: Int64?
        let sweepAt: Int64?
        let position: Int64
        let version: Int64
        let isSameKey: Bool
        let isLive: Bool
    }

    private static let presentText = """
        SELECT bytes, expires_at, sweep_at, position, version, flags, tags, tags_at, key
        FROM lite_cache_entries
        WHERE hash = ?
        """

    static func present(_ hash: Int64) -> SQL { SQL(presentText, arguments: [.integer(hash)]) }

    private static let updateText = """
        UPDATE lite_cache_entries
        SET version = ?, bytes = ?, expires_at = ?, kept_until = ?, stored_at = ?, flags = ?, tags = ?, tags_at = ?,
            value = ?
        WHERE hash = ?
        """
    private static let insertText = """
        INSERT INTO lite_cache_entries
            (hash, version, position, bytes, expires_at, kept_until, sweep_at, stored_at, flags, tags, tags_at, key, value)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    private func present(
        _ key: EntryKey, at now: Int64, in transaction: borrowing Transaction
    ) throws -> Present? {
        try transaction.first(Self.present(key.hash)) { row in
            let isSame = try row.withBytes(8, key.isText)
            let expiry = try row.isNull(1) ? nil : row.integer(1)
            let isFailure = StoredValue.Flags(rawValue: try row.integer(5)).contains(.failure)
            var isLive = isSame && !isFailure && (expiry ?? .max) > now
            if isLive, !row.isNull(6) {
                isLive = tags.wasValid(try row.withBytes(6, Self.unpack), since: try row.integer(7))
            }
            return Present(
                bytes: try row.integer(0), expiresAt: expiry, sweepAt: try row.isNull(2) ? nil : row.integer(2),
                position: try row.integer(3), version: try row.integer(4), isSameKey: isSame, isLive: isLive)
        }
    }

    /// Runs changes in their order. An error of one is its result; an error of the database ends all of them.
    func apply(
        _ changes: [CacheChange], at now: Int64, visited: VisitedEntries, in transaction: borrowing Transaction
    ) throws -> (results: [Result<CacheChange.Outcome, CacheError>], departures: [String: Ledger.Departures]) {
        var ledger = try Self.ledger(in: transaction)
        var results: [Result<CacheChange.Outcome, CacheError>] = []
        results.reserveCapacity(changes.count)
        for change in changes {
            results.append(try apply(change, at: now, visited, &ledger, transaction))
        }
        try overtakeFlights(of: ledger, in: transaction)
        let tagsAt = changes.map(\.tagsAt).max() ?? 0
        if tagsAt > 0 { try noteTags(at: tagsAt, in: transaction) }
        try Self.save(ledger, in: transaction)
        return (results, ledger.departures)
    }

    private func apply(
        _ change: CacheChange, at now: Int64, _ visited: VisitedEntries, _ ledger: inout Ledger,
        _ transaction: borrowing Transaction
    ) throws -> Result<CacheChange.Outcome, CacheError> {
        let present = try present(change.key, at: now, in: transaction)
        ledger.touched.append(change.key.hash)
        switch change.kind {
        case .set(let new, let condition):
            guard Self.holds(condition, of: present) else { return .success(.refused) }
            return .success(try put(new, change.key, over: present, at: now, visited, &ledger, transaction))
        case .delete:
            guard let present, present.isSameKey else { return .success(.deleted(false)) }
            try remove(change.key.hash, present.bytes, present.position, from: &ledger, in: transaction)
            return .success(.deleted(present.isLive))
        case .take:
            guard let present, present.isSameKey else { return .success(.taken(nil)) }
            let value = present.isLive ? try row(change.key, in: transaction)?.value : nil
            try remove(change.key.hash, present.bytes, present.position, from: &ledger, in: transaction)
            return .success(.taken(value))
        case .touch(let lifetime):
            guard let present, present.isLive else { return .success(.touched(false)) }
            let stale = try row(change.key, in: transaction)?.times.stale ?? 0
            let times = lifetime.map { EntryTimes(from: now, lifetime: $0, stale: stale) } ?? .never
            try transaction.execute(
                """
                UPDATE lite_cache_entries
                SET version = \(ledger.next(for: change.key.hash)), expires_at = \(times.expiresAt),
                    kept_until = \(times.keptUntil), sweep_at = \(times.sweepAt)
                WHERE hash = \(change.key.hash)
                """)
            return .success(.touched(true))
        case .increment(let amount, let new):
            return try increment(change.key, amount, new, present, at: now, visited, &ledger, transaction)
        }
    }

    private static func holds(_ condition: CacheChange.Condition, of present: Present?) -> Bool {
        switch condition {
        case .none: true
        case .absent: present?.isLive != true
        case .present: present?.isLive == true
        case .version(let version): present?.isLive == true && present?.version == version
        }
    }

    private func increment(
        _ key: EntryKey, _ amount: Number, _ new: CacheChange.NewEntry, _ present: Present?, at now: Int64,
        _ visited: VisitedEntries, _ ledger: inout Ledger, _ transaction: borrowing Transaction
    ) throws -> Result<CacheChange.Outcome, CacheError> {
        guard let present, present.isLive, let row = try row(key, in: transaction) else {
            _ = try put(new.with(amount.stored), key, over: present, at: now, visited, &ledger, transaction)
            return .success(.number(amount))
        }
        let sum: Number
        switch Number.sum(of: row.value, and: amount, key: Scope.key(in: key.text)) {
        case .success(let number): sum = number
        case .failure(let error): return .failure(error)
        }
        // In place: the lifetime, the tags and the size stay as they are.
        try transaction.execute(
            """
            UPDATE lite_cache_entries
            SET version = \(ledger.next(for: key.hash)), value = \(sum.stored.content)
            WHERE hash = \(key.hash)
            """)
        return .success(.number(sum))
    }

    // MARK: Storing

    /// Stores an entry in the place of another, or in a new one.
    private func put(
        _ new: CacheChange.NewEntry, _ key: EntryKey, over present: Present?, at now: Int64,
        _ visited: VisitedEntries, _ ledger: inout Ledger, _ transaction: borrowing Transaction
    ) throws -> CacheChange.Outcome {
        let times = new.lifetime.map { EntryTimes(from: now, lifetime: $0, stale: new.stale) } ?? .never
        let bytes = Self.bytes(of: new.value, key: key.text)
        var present = present
        if ledger.bytes - (present?.bytes ?? 0) + bytes > maximumBytes {
            if let old = present {
                try remove(key.hash, old.bytes, old.position, from: &ledger, in: transaction)
                present = nil
            }
            try makeRoom(for: bytes, in: &ledger, at: now, visited, transaction)
        }
        let version = ledger.next(for: key.hash)
        let tagsAt = new.tags.isEmpty ? nil : new.tagsAt
        if let present {
            ledger.bytes += bytes - present.bytes
            visited.insert(present.position)
            // An index is written whenever its column is named, so it is named only if it changes.
            if present.sweepAt == times.sweepAt, present.isSameKey {
                try transaction.execute(
                    SQL(
                        Self.updateText,
                        arguments: [
                            .integer(version), .integer(bytes), times.expiresAt.sqlValue, times.keptUntil.sqlValue,
                            .integer(now), .integer(new.value.flags.rawValue), Self.pack(new.tags).sqlValue,
                            tagsAt.sqlValue, new.value.content, .integer(key.hash),
                        ]))
            } else {
                try transaction.execute(
                    """
                    UPDATE lite_cache_entries
                    SET version = \(version), bytes = \(bytes), expires_at = \(times.expiresAt),
                        kept_until = \(times.keptUntil), stored_at = \(now), flags = \(new.value.flags.rawValue),
                        tags = \(Self.pack(new.tags)), tags_at = \(tagsAt), value = \(new.value.content),
                        sweep_at = \(times.sweepAt), key = \(key.text)
                    WHERE hash = \(key.hash)
                    """)
            }
            return .stored(version: version, position: present.position, at: times)
        }
        ledger.bytes += bytes
        ledger.entryCount += 1
        try transaction.execute(
            SQL(
                Self.insertText,
                arguments: [
                    .integer(key.hash), .integer(version), .integer(version), .integer(bytes), times.expiresAt.sqlValue,
                    times.keptUntil.sqlValue, times.sweepAt.sqlValue, .integer(now), .integer(new.value.flags.rawValue),
                    Self.pack(new.tags).sqlValue, tagsAt.sqlValue, .text(key.text), new.value.content,
                ]))
        try transaction.execute(
            "INSERT INTO lite_cache_order (position, hash) VALUES (\(version), \(key.hash))")
        return .stored(version: version, position: version, at: times)
    }
}
