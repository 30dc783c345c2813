import LiteDB

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Reading the log.
extension CableStore {
    /// How many rows one read looks at, and after how many bytes of payloads it ends, so that catching up over a long log
    /// is many short reads, and a reader that lags holds little: at most so much, and one payload more.
    struct Portion: Sendable {
        let rows: Int64
        let bytes: Int

        /// For code of the application, and for what all of a process share.
        static let large = Portion(rows: 1_000, bytes: 256 << 10)
        /// For clients, of which thousands can lag at once.
        static let small = Portion(rows: 64, bytes: 64 << 10)
    }

    /// A part of the log, as one subscription sees it.
    struct Batch {
        var gap: Cable.Gap?
        var messages: [Cable.Message] = []
        /// Everything up to here was looked at.
        var through: Int64
    }

    /// Up to where messages of one retention are gone.
    struct Mark: Sendable {
        let retention: Int64
        let trimmedThrough: Int64
    }

    /// What comes behind a cursor for some channels, and whether anything is missing there.
    ///
    /// - Parameter toldThrough: Up to where a gap was told already.
    func batch(
        after cursor: Cable.Cursor, matching matcher: ChannelMatcher, toldThrough: Int64, portion: Portion,
        in access: borrowing some ReadAccess & ~Copyable
    ) throws -> Batch {
        let head = try head(in: access)
        guard cursor.epochNumber == epoch, cursor.seq <= head else {
            let end = Cable.Cursor(epoch: epoch, seq: head)
            return Batch(gap: Cable.Gap(reason: .otherLog, from: cursor, to: end, resumesAfter: end), through: head)
        }
        var batch = Batch(through: cursor.seq)
        let marks = try marks(after: max(cursor.seq, toldThrough), in: access)
        batch.gap = try gap(at: cursor, marks: marks, channels: matcher.channels, head: head, in: access)
        if cursor.seq < head {
            (batch.messages, batch.through) = try scan(
                after: cursor.seq, through: head, portion, in: access, matcher.matches)
        }
        return batch
    }

    /// The gap that these marks mean for a subscription that stands at a cursor.
    func gap(
        at cursor: Cable.Cursor, marks: [Mark], channels: Set<String>?, head: Int64,
        in access: borrowing some ReadAccess & ~Copyable
    ) throws -> Cable.Gap? {
        var end =
            marks.filter { rules.concerns($0.retention, channels, after: cursor.seq) }.map(\.trimmedThrough).max() ?? 0
        let next = try access.first(Self.nextQuery(after: cursor.seq), as: Int64?.self) ?? nil
        // Somebody emptied the table.
        if next == nil, cursor.seq < head { end = head }
        guard end > cursor.seq else { return nil }
        return Cable.Gap(
            reason: .trimmed, from: cursor, to: Cable.Cursor(epoch: epoch, seq: end),
            resumesAfter: Cable.Cursor(epoch: epoch, seq: min(next.map { $0 - 1 } ?? end, end)))
    }

    static func nextQuery(after seq: Int64) -> SQL {
        "SELECT min(seq) FROM lite_cable_messages WHERE seq > \(seq)"
    }

    /// The retentions whose messages are gone up to somewhere behind `seq`.
    func marks(after seq: Int64, in access: borrowing some ReadAccess & ~Copyable) throws -> [Mark] {
        try access.all("SELECT id, trimmed_through FROM lite_cable_retention WHERE trimmed_through > \(seq)") { row in
            Mark(retention: try row.integer(0), trimmedThrough: try row.integer(1))
        }
    }

    static func scan(after: Int64, through: Int64, limit: Int64) -> SQL {
        """
        SELECT seq, channel, event, published_at, is_json, excluded, payload
        FROM lite_cable_messages
        WHERE seq > \(after) AND seq <= \(through)
        ORDER BY seq
        LIMIT \(limit)
        """
    }

    /// The messages of a stretch whose channel is wanted, as many as one read takes, and up to where it came.
    ///
    /// - Parameter wants: Asked once for each run of messages of one channel.
    func scan(
        after: Int64, through: Int64, _ portion: Portion, in access: borrowing some ReadAccess & ~Copyable,
        _ wants: (String) -> Bool
    ) throws -> (messages: [Cable.Message], through: Int64) {
        var messages: [Cable.Message] = []
        var last = after
        var (rows, bytes) = (Int64(0), 0)
        var names = RecentNames()
        do {
            try access.forEach(Self.scan(after: after, through: through, limit: portion.rows)) { row in
                guard bytes < portion.bytes else { throw ScanEnd() }
                last = row.strictInteger(0)
                rows += 1
                guard let channel = try names.wanted(row, wants) else { return }
                let message = try message(row, seq: last, channel: channel, event: names.event(row))
                bytes += message.payload.count
                messages.append(Cable.Message(stored: message))
            }
        } catch is ScanEnd {
            return (messages, last)
        }
        return (messages, rows < portion.rows ? through : last)
    }

    private func message(_ row: borrowing Row, seq: Int64, channel: String, event: String?) throws -> StoredMessage {
        StoredMessage(
            cursor: Cable.Cursor(epoch: epoch, seq: seq), channel: channel, event: event,
            payload: Array(row.strictBytes(6)), milliseconds: row.strictInteger(3),
            isJSON: row.strictInteger(4) != 0, excluded: row.isNull(5) ? nil : try row.text(5))
    }

    // MARK: Where a subscription begins

    /// The place before the first message that was published at this time or later.
    func position(since date: Date, in access: borrowing some ReadAccess & ~Copyable) throws -> Int64 {
        let found = try access.first(
            "SELECT seq FROM lite_cable_messages WHERE published_at >= \(date) ORDER BY seq LIMIT 1", as: Int64.self)
        return try found.map { $0 - 1 } ?? head(in: access)
    }

    /// The place before the last `count` messages of some channels.
    func position(
        last count: Int, matching matcher: ChannelMatcher, in access: borrowing some ReadAccess & ~Copyable
    ) throws -> Int64 {
        guard count > 0 else { return try head(in: access) }
        var (left, position) = (count, Int64(0))
        var names = RecentNames()
        do {
            try access.forEach("SELECT seq, channel FROM lite_cable_messages ORDER BY seq DESC") { row in
                guard try names.wanted(row, matcher.matches) != nil else { return }
                position = try row.integer(0) - 1
                left -= 1
                if left == 0 { throw ScanEnd() }
            }
        } catch is ScanEnd {}
        return left == count ? try head(in: access) : position
    }
}

/// Ends a scan before its last row.
private struct ScanEnd: Error {}

/// The last channel and event of a scan: rows that follow each other often have the same, and share one string.
private struct RecentNames {
    private struct Name {
        var text = ""
        /// The same, as it is stored: comparing with a row copies nothing.
        var bytes: [UInt8] = []

        func isSame(as stored: UnsafeRawBufferPointer) -> Bool {
            bytes.withUnsafeBytes { own in
                own.count == stored.count && zip(own, stored).allSatisfy { $0 == $1 }
            }
        }
    }

    private var channel: Name?
    private var isWanted = false
    private var lastEvent: Name?

    /// The channel of the row if it is wanted.
    mutating func wanted(_ row: borrowing Row, _ wants: (String) -> Bool) throws -> String? {
        if let channel, channel.isSame(as: row.strictBytes(1)) { return isWanted ? channel.text : nil }
        let name = Name(text: try row.text(1), bytes: Array(row.strictBytes(1)))
        isWanted = wants(name.text)
        channel = name
        return isWanted ? name.text : nil
    }

    mutating func event(_ row: borrowing Row) throws -> String? {
        if row.isNull(2) { return nil }
        if let lastEvent, try row.withBytes(2, lastEvent.isSame) { return lastEvent.text }
        let name = Name(text: try row.text(2), bytes: try row.withBytes(2) { Array($0) })
        lastEvent = name
        return name.text
    }
}
