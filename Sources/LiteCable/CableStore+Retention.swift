import LiteDB

/// Removing the oldest messages, in slices.
///
/// Publishing costs one insert; what the log weighs is counted afterwards, each message once, by whoever publishes the
/// next round number, or several messages with one among them. Each retention has a place before which none of its
/// messages stands: the look for the oldest begins there and ends at the first that stays, so it passes each message once
/// and needs no index.
extension CableStore {
    /// After how many messages the log is looked over.
    static let trimStride: Int64 = 64
    /// How many messages of one retention are removed at most in one look, four times as many as came.
    static let trimBatch: Int64 = 256
    /// How many messages one look counts at most, if a long transaction or another release left many.
    static let countBatch: Int64 = 4_096

    private struct Weight {
        let id: Int64
        let count: Int64
        let bytes: Int64
        let scannedThrough: Int64
    }

    /// Ends a look at the first message that stays.
    private struct Stays: Error {}

    /// Removes what is over the limits, some messages of each retention.
    ///
    /// - Parameter added: The messages that this transaction has just appended together, up to `head`.
    /// - Returns: Whether there may be more.
    @discardableResult
    func trim(
        upTo head: Int64, added: [Draft] = [], at now: Int64, in transaction: borrowing Transaction
    ) throws -> Bool {
        let addedCount = Int64(added.count)
        try count(upTo: head, added, atMost: max(Self.countBatch, addedCount * 2), in: transaction)
        let batch = max(Self.trimBatch, addedCount * 4)
        let weights = try transaction.all(
            "SELECT id, message_count, byte_count, scanned_through FROM lite_cable_retention WHERE message_count > 0"
        ) { row in
            Weight(
                id: try row.integer(0), count: try row.integer(1), bytes: try row.integer(2),
                scannedThrough: try row.integer(3))
        }
        var hasMore = false
        for weight in weights where try trim(weight, upTo: head, atMost: batch, at: now, in: transaction) {
            hasMore = true
        }
        return hasMore
    }

    private func count(
        upTo head: Int64, _ drafts: [Draft], atMost batch: Int64, in transaction: borrowing Transaction
    ) throws {
        let counted =
            try transaction.first("SELECT counted_through FROM lite_cable_log WHERE id = 1", as: Int64.self) ?? 0
        let end = min(head, counted + batch)
        guard end > counted else { return }
        let first = try transaction.first("SELECT min(seq) FROM lite_cable_messages", as: Int64?.self) ?? nil
        if first.map({ $0 > counted }) ?? true {
            // Somebody emptied the table.
            try transaction.execute(
                "UPDATE lite_cable_retention SET message_count = 0, byte_count = 0 WHERE message_count > 0")
        }
        // What is in hand need not be read back.
        let added =
            counted == head - Int64(drafts.count)
            ? weigh(drafts)
            : try transaction.all(Self.weighing(after: counted, through: end)) { row in
                (id: try row.integer(0), count: try row.integer(1), bytes: try row.integer(2))
            }
        for added in added {
            try transaction.execute(
                """
                UPDATE lite_cable_retention
                SET message_count = message_count + \(added.count), byte_count = byte_count + \(added.bytes)
                WHERE id = \(added.id)
                """)
        }
        try transaction.execute("UPDATE lite_cable_log SET counted_through = \(end) WHERE id = 1")
    }

    private func weigh(_ drafts: [Draft]) -> [(id: Int64, count: Int64, bytes: Int64)] {
        var weights: [Int64: (count: Int64, bytes: Int64)] = [:]
        for draft in drafts {
            let weight = weights[rules.id(of: draft.channel), default: (0, 0)]
            weights[rules.id(of: draft.channel)] = (weight.count + 1, weight.bytes + Int64(draft.payload.count))
        }
        return weights.map { ($0.key, $0.value.count, $0.value.bytes) }
    }

    static func weighing(after: Int64, through: Int64) -> SQL {
        """
        SELECT retention, count(*), sum(length(payload))
        FROM lite_cable_messages
        WHERE seq > \(after) AND seq <= \(through)
        GROUP BY retention
        """
    }

    private func trim(
        _ weight: Weight, upTo head: Int64, atMost batch: Int64, at now: Int64, in transaction: borrowing Transaction
    ) throws -> Bool {
        let limits = rules.limits(of: weight.id)
        let oldest = now - limits.maximumAge.wholeMilliseconds
        var (count, bytes) = (weight.count, weight.bytes)
        var cutoff: Int64?
        // Where the next look begins: before the oldest that stays.
        var scanned = weight.scannedThrough
        do {
            try transaction.forEach(Self.oldest(of: weight.id, after: weight.scannedThrough, limit: batch)) { row in
                let (seq, publishedAt, size) = try (row.integer(0), row.integer(1), row.integer(2))
                let isOver =
                    seq < head
                    && (count > Int64(limits.maximumMessageCount) || bytes > Int64(limits.maximumBytes)
                        || publishedAt < oldest)
                guard isOver, count > 0 else {
                    scanned = max(scanned, seq - 1)
                    throw Stays()
                }
                (cutoff, scanned) = (seq, seq)
                count -= 1
                bytes -= size
            }
        } catch is Stays {}
        if let cutoff {
            try transaction.execute(
                """
                DELETE FROM lite_cable_messages
                WHERE seq > \(weight.scannedThrough) AND seq <= \(cutoff) AND retention = \(weight.id)
                """)
        }
        guard scanned > weight.scannedThrough else { return false }
        try transaction.execute(
            """
            UPDATE lite_cable_retention
            SET message_count = \(count), byte_count = \(bytes), scanned_through = \(scanned),
                trimmed_through = max(trimmed_through, \(cutoff ?? 0))
            WHERE id = \(weight.id)
            """)
        return weight.count - count == batch
    }

    static func oldest(of retention: Int64, after: Int64, limit: Int64 = trimBatch) -> SQL {
        """
        SELECT seq, published_at, length(payload)
        FROM lite_cable_messages
        WHERE seq > \(after) AND retention = \(retention)
        ORDER BY seq
        LIMIT \(limit)
        """
    }
}
