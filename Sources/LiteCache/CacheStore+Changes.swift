import LiteDB

/// Changes of entries, many in one transaction.
extension CacheStore {
    /// What is known of the row that a change finds.
    private struct Present {
        let bytes: Int64
        let sweepAt: Int64?
        let position: Int64
        let isSameKey: Bool
        /// Zero unless it was asked for.
        var version: Int64 = 0
        /// False unless it was asked for.
        var isLive = false
    }

    private static let presentText = """
        SELECT bytes, sweep_at, position, key, version, expires_at, flags, tags, tags_at
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

    /// - Parameter isConditional: Whether it matters what the entry says: its version, its time and its tags.
    private func present(
        _ key: EntryKey, isConditional: Bool, at now: Int64, in transaction: borrowing Transaction
    ) throws -> Present? {
        try transaction.first(Self.present(key.hash)) { row in
            let isSame = try row.withBytes(3, key.isText)
            var present = Present(
                bytes: try row.integer(0), sweepAt: try row.isNull(1) ? nil : row.integer(1),
                position: try row.integer(2), isSameKey: isSame)
            guard isConditional else { return present }
            present.version = try row.integer(4)
            let isFresh = try (row.isNull(5) ? Int64.max : row.integer(5)) > now
            let isFailure = StoredValue.Flags(rawValue: try row.integer(6)).contains(.failure)
            present.isLive = isSame && !isFailure && isFresh
            if present.isLive, !row.isNull(7) {
                present.isLive = tags.wasValid(try row.withBytes(7, Self.unpack), since: try row.integer(8))
            }
            return present
        }
    }

    /// What changes came to.
    struct Applied {
        let results: [Result<CacheChange.Outcome, CacheError>]
        let departures: [String: Ledger.Departures]
        /// What the next transaction may know, once this one is committed.
        let left: KnownLedger
    }

    /// Runs changes in their order. An error of one is its result; an error of the database ends all of them.
    ///
    /// - Parameter known: What an earlier transaction left, if it was committed.
    func apply(
        _ changes: [CacheChange], at now: Int64, visited: VisitedEntries, known: KnownLedger? = nil,
        in transaction: borrowing Transaction
    ) throws -> Applied {
        let valid = known.flatMap { transaction.changeMark.directlyFollows($0.mark) ? $0 : nil }
        var ledger = try valid?.ledger ?? Self.ledger(in: transaction)
        var results: [Result<CacheChange.Outcome, CacheError>] = []
        results.reserveCapacity(changes.count)
        for change in changes {
            results.append(try apply(change, at: now, visited, &ledger, transaction))
        }
        var hasFlights = false
        if valid?.hasFlights != false { hasFlights = try overtakeFlights(of: ledger, in: transaction) }
        let tagsAt = changes.map(\.tagsAt).max() ?? 0
        if tagsAt > 0 { try noteTags(at: tagsAt, in: transaction) }
        try Self.save(ledger, in: transaction)
        return Applied(
            results: results, departures: ledger.departures,
            left: KnownLedger(ledger: ledger.atRest, hasFlights: hasFlights, mark: transaction.changeMark))
    }

    private func apply(
        _ change: CacheChange, at now: Int64, _ visited: VisitedEntries, _ ledger: inout Ledger,
        _ transaction: borrowing Transaction
    ) throws -> Result<CacheChange.Outcome, CacheError> {
        if case .increment(let amount, _) = change.kind, let entry = try row(change.key, in: transaction),
            isLive(entry, at: now)
        {
            return try increment(change.key, by: amount, entry, &ledger, transaction)
        }
        if case .set(let new, .none) = change.kind, let known = change.known,
            let stored = try overwrite(known, with: new, change.key, at: now, visited, &ledger, transaction)
        {
            return .success(stored)
        }
        let present = try present(change.key, isConditional: change.isConditional, at: now, in: transaction)
        switch change.kind {
        case .set(let new, let condition):
            guard Self.holds(condition, of: present) else { return .success(.refused) }
            return .success(try put(new, change.key, over: present, at: now, visited, &ledger, transaction))
        case .delete:
            // Also where there is none: what is computed now is older than this.
            ledger.touched.append(change.key.hash)
            guard let present, present.isSameKey else { return .success(.deleted(false)) }
            try remove(change.key.hash, present.bytes, present.position, from: &ledger, in: transaction)
            return .success(.deleted(present.isLive))
        case .take:
            ledger.touched.append(change.key.hash)
            guard let present, present.isSameKey else { return .success(.taken(nil)) }
            let value = present.isLive ? try row(change.key, in: transaction)?.value : nil
            try remove(change.key.hash, present.bytes, present.position, from: &ledger, in: transaction)
            return .success(.taken(value))
        case .touch(let lifetime):
            guard let present, present.isLive else { return .success(.touched(false)) }
            ledger.touched.append(change.key.hash)
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
            // There is none that lives: the first.
            _ = try put(
                new.with(amount.stored), change.key, over: present, at: now, visited, &ledger, transaction)
            return .success(.number(amount))
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

    private static let incrementText = "UPDATE lite_cache_entries SET version = ?, value = ? WHERE hash = ?"

    /// Adds to a live entry in place: the lifetime, the tags and the size stay as they are.
    private func increment(
        _ key: EntryKey, by amount: Number, _ entry: Entry, _ ledger: inout Ledger, _ transaction: borrowing Transaction
    ) throws -> Result<CacheChange.Outcome, CacheError> {
        switch Number.sum(of: entry.value, and: amount, key: Scope.key(in: key.text)) {
        case .success(let sum):
            ledger.touched.append(key.hash)
            try transaction.execute(
                SQL(
                    Self.incrementText,
                    arguments: [.integer(ledger.next(for: key.hash)), sum.stored.content, .integer(key.hash)]))
            return .success(.number(sum))
        case .failure(let error): return .failure(error)
        }
    }

    // MARK: Storing

    private static let overwriteText = updateText + " AND version = ?"

    /// Stores an entry over a row that is known, without a look at it.
    ///
    /// - Returns: Nil, and then nothing was done, if the row is another by now, does not fit, or needs its index changed.
    private func overwrite(
        _ known: KnownRow, with new: CacheChange.NewEntry, _ key: EntryKey, at now: Int64, _ visited: VisitedEntries,
        _ ledger: inout Ledger, _ transaction: borrowing Transaction
    ) throws -> CacheChange.Outcome? {
        let times = new.lifetime.map { EntryTimes(from: now, lifetime: $0, stale: new.stale) } ?? .never
        let bytes = Self.bytes(of: new.value, key: key.text)
        guard known.sweepAt == times.sweepAt, ledger.bytes - known.bytes + bytes <= maximumBytes else { return nil }
        let arguments = Self.updateArguments(new, key, version: ledger.sequence + 1, bytes, times, at: now)
        let sql = SQL(Self.overwriteText, arguments: arguments + [.integer(known.version)])
        guard try transaction.execute(sql) == 1 else { return nil }
        ledger.touched.append(key.hash)
        ledger.bytes += bytes - known.bytes
        visited.insert(known.position)
        return .stored(version: ledger.next(for: key.hash), position: known.position, at: times)
    }

    private static func updateArguments(
        _ new: CacheChange.NewEntry, _ key: EntryKey, version: Int64, _ bytes: Int64, _ times: EntryTimes, at now: Int64
    ) -> [SQLValue] {
        [
            .integer(version), .integer(bytes), times.expiresAt.sqlValue, times.keptUntil.sqlValue, .integer(now),
            .integer(new.value.flags.rawValue), pack(new.tags).sqlValue,
            (new.tags.isEmpty ? nil : new.tagsAt).sqlValue, new.value.content, .integer(key.hash),
        ]
    }

    /// Stores an entry in the place of another, or in a new one.
    private func put(
        _ new: CacheChange.NewEntry, _ key: EntryKey, over present: Present?, at now: Int64,
        _ visited: VisitedEntries, _ ledger: inout Ledger, _ transaction: borrowing Transaction
    ) throws -> CacheChange.Outcome {
        ledger.touched.append(key.hash)
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
                let arguments = Self.updateArguments(new, key, version: version, bytes, times, at: now)
                try transaction.execute(SQL(Self.updateText, arguments: arguments))
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
