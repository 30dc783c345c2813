import LiteDB

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// All SQL of the message log.
struct CableStore: Sendable {
    /// After how many messages over the limit the oldest are removed, and how many at most at a time.
    static let trimStride: Int64 = 64
    static let trimBatch: Int64 = 512
    /// How many rows one read looks at, so that catching up over a long log is many short reads.
    static let scanCount: Int64 = 1_000

    let epoch: String
    let configuration: Cable.Configuration

    /// A part of the log for some channels.
    struct Batch {
        var events: [Cable.Event]
        /// Where to go on.
        var cursor: Cable.Cursor
        /// Whether the log ends here.
        var isAtEnd: Bool
    }

    /// The oldest and the newest number in the log.
    private struct Bounds {
        /// The number before the oldest message.
        let trimmed: Int64
        let head: Int64
    }

    /// The name of the log, made with its tables.
    static func epoch(in access: borrowing some ReadAccess & ~Copyable) throws -> String {
        try access.first("SELECT epoch FROM lite_cable_log WHERE id = 1") ?? ""
    }

    /// Appends a message, and removes some of the oldest now and then.
    func append(
        _ payload: [UInt8], to channel: String, at now: Int64, in transaction: borrowing Transaction
    ) throws -> Cable.Cursor {
        try transaction.execute(
            """
            INSERT INTO lite_cable_messages (channel, payload, published_at, total_bytes)
            VALUES (\(channel), \(payload), \(now), \(payload.count)
                + coalesce((SELECT total_bytes FROM lite_cable_messages ORDER BY seq DESC LIMIT 1), 0))
            """)
        let seq = transaction.lastInsertedRowID
        if seq % Self.trimStride == 0 { try trim(upTo: seq, at: now, in: transaction) }
        return Cable.Cursor(epoch: epoch, seq: seq)
    }

    /// Where the log ends in this view.
    func cursor(in access: borrowing some ReadAccess & ~Copyable) throws -> Cable.Cursor {
        Cable.Cursor(epoch: epoch, seq: try bounds(in: access).head)
    }

    /// What comes after `cursor` for these channels, and whether anything is missing there.
    func batch(
        after cursor: Cable.Cursor, channels: [String], in access: borrowing some ReadAccess & ~Copyable
    ) throws -> Batch {
        let bounds = try bounds(in: access)
        var position = cursor.seq
        var events: [Cable.Event] = []
        func gap(_ reason: Cable.Gap.Reason, to seq: Int64) {
            position = seq
            events.append(
                .gap(.init(reason: reason, after: cursor, resumesAfter: Cable.Cursor(epoch: epoch, seq: seq))))
        }
        if cursor.epoch != epoch || cursor.seq > bounds.head {
            gap(.otherLog, to: bounds.head)
        } else if cursor.seq < bounds.trimmed {
            gap(.trimmed, to: bounds.trimmed)
        }
        let end = min(position + Self.scanCount, bounds.head)
        if end > position {
            let epoch = epoch
            try access.forEach(Self.scan(after: position, through: end, channels: channels)) { row in
                events.append(
                    .message(
                        Cable.Message(
                            cursor: Cable.Cursor(epoch: epoch, seq: try row.integer(0)), channel: try row.text(1),
                            payload: try row.get(2), publishedAt: try row.get(3))))
            }
        }
        return Batch(events: events, cursor: Cable.Cursor(epoch: epoch, seq: end), isAtEnd: end == bounds.head)
    }

    /// The log in its order. The unary plus keeps SQLite on the primary key whatever else there is.
    static func scan(after: Int64, through: Int64, channels: [String]) -> SQL {
        """
        SELECT seq, channel, payload, published_at
        FROM lite_cable_messages
        WHERE seq > \(after) AND seq <= \(through) AND +channel IN (\(list: channels))
        ORDER BY seq
        """
    }

    /// `sqlite_sequence` remembers the last number when every message is gone.
    static let boundsQuery: SQL = """
        SELECT (SELECT min(seq) FROM lite_cable_messages),
            coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'lite_cable_messages'), 0)
        """

    private func bounds(in access: borrowing some ReadAccess & ~Copyable) throws -> Bounds {
        let bounds = try access.first(Self.boundsQuery) { row in
            let head = try row.integer(1)
            return Bounds(trimmed: try row.get(0, as: Int64?.self).map { $0 - 1 } ?? head, head: head)
        }
        return bounds ?? Bounds(trimmed: 0, head: 0)
    }

    /// Removes the oldest messages that are over a limit, at most one batch.
    func trim(upTo head: Int64, at now: Int64, in transaction: borrowing Transaction) throws {
        let oldest = now - configuration.maximumAge.wholeMilliseconds
        let newestTotal = try transaction.first(
            "SELECT total_bytes FROM lite_cable_messages WHERE seq = \(head)", as: Int64.self)
        let excess = (newestTotal ?? 0) - Int64(configuration.maximumBytes)
        var cutoff: Int64?
        try transaction.forEach(Self.oldest) { row in
            let seq = try row.integer(0)
            let isOver =
                try seq <= head - Int64(configuration.maximumMessageCount) || row.integer(1) < oldest
                || row.integer(2) < excess
            if isOver, seq < head { cutoff = max(cutoff ?? 0, seq) }
        }
        guard let cutoff else { return }
        try transaction.execute("DELETE FROM lite_cable_messages WHERE seq <= \(cutoff)")
    }

    static var oldest: SQL {
        """
        SELECT seq, published_at, total_bytes - length(payload)
        FROM lite_cable_messages
        ORDER BY seq
        LIMIT \(trimBatch)
        """
    }
}
