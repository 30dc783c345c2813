import LiteDB

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// All SQL of the message log. Here: opening it and appending to it.
struct CableStore: Sendable {
    let epoch: UInt64
    let rules: RetentionRules

    /// What a caller publishes.
    struct Draft: Sendable {
        var channel: String
        var event: String?
        var payload: [UInt8]
        var isJSON: Bool
        var excluded: String?
    }

    // MARK: Opening

    /// What the file says of the log.
    private struct Header {
        let epoch: String
        let inode: Int64?
        let boot: String?
        let rules: String
        let rulesSince: Int64
    }

    /// What a log is opened with, and what tells that it may go on differently than the one that cursors were given for.
    struct Opening: Sendable {
        let configuration: Cable.Configuration
        let patterns: [ChannelPattern]
        /// What is known outside the file, and which file this is.
        let stamp: LogStamp
        /// Without fsync the last numbers are lost in a power cut and given out again: another boot is another log. Nil
        /// where every commit is on the disk.
        let boot: String?

        /// The rules as text, to notice that they changed.
        var rules: String { patterns.map(\.text).joined(separator: "\n") }
    }

    /// The log as it is; nil if something has to be written first.
    ///
    /// - Parameter stamped: What the stamp said before the view began, so that it cannot be ahead of it.
    static func open(
        _ opening: Opening, _ stamped: LogStamp.Content?, in access: borrowing some ReadAccess & ~Copyable
    ) throws -> CableStore? {
        guard let header = try header(in: access), header.inode != nil,
            opening.boot == nil || header.boot == opening.boot, header.rules == opening.rules,
            let epoch = Cable.Cursor.epoch(header.epoch),
            try isKnown(stamped, epoch, opening, in: access)
        else { return nil }
        var rules: [RetentionRules.Rule] = []
        for (pattern, limits) in zip(opening.patterns, opening.configuration.retention) {
            let id = try access.first(
                "SELECT id FROM lite_cable_retention WHERE pattern = \(pattern.text)", as: Int64.self)
            guard let id else { return nil }
            rules.append(RetentionRules.Rule(id: id, pattern: pattern, limits: limits))
        }
        return CableStore(
            epoch: epoch,
            rules: RetentionRules(
                rules: rules, own: opening.configuration.ownRetention, since: header.rulesSince))
    }

    /// Writes what `open` missed.
    static func prepare(_ opening: Opening, in transaction: borrowing Transaction) throws {
        let header = try header(in: transaction)
        if try isOther(header, opening, in: transaction) {
            try renewEpoch(opening.stamp, in: transaction)
        } else if let epoch = header.flatMap({ Cable.Cursor.epoch($0.epoch) }) {
            try opening.stamp.set(epoch: epoch, head: try transaction.first(headQuery, as: Int64.self) ?? 0)
        }
        let inode = Int64(bitPattern: opening.stamp.file.inode)
        try transaction.execute(
            "UPDATE lite_cable_log SET inode = \(inode), boot = coalesce(\(opening.boot), boot) WHERE id = 1")
        if header?.rules != opening.rules {
            let head = try transaction.first(headQuery, as: Int64.self) ?? 0
            try transaction.execute(
                "UPDATE lite_cable_log SET rules = \(opening.rules), rules_since = \(head) WHERE id = 1")
        }
        for pattern in opening.patterns {
            try transaction.execute(
                "INSERT INTO lite_cable_retention (pattern) VALUES (\(pattern.text)) ON CONFLICT (pattern) DO NOTHING")
        }
    }

    /// Whether cursors that were given out may mean other messages here.
    private static func isOther(
        _ header: Header?, _ opening: Opening, in transaction: borrowing Transaction
    ) throws -> Bool {
        guard let header, let epoch = Cable.Cursor.epoch(header.epoch) else { return true }
        if opening.boot != nil, let boot = header.boot, boot != opening.boot { return true }
        // A log that was just made, or comes from the first release, has no stamp yet.
        guard header.inode != nil else { return false }
        return try !isKnown(try opening.stamp.read(), epoch, opening, in: transaction)
    }

    /// Whether this is the log that the stamp speaks of, and no earlier state of it.
    private static func isKnown(
        _ stamped: LogStamp.Content?, _ epoch: UInt64, _ opening: Opening,
        in access: borrowing some ReadAccess & ~Copyable
    ) throws -> Bool {
        guard let stamped, stamped.epoch == epoch, stamped.file == opening.stamp.file else { return false }
        return try stamped.head <= access.first(headQuery, as: Int64.self) ?? 0
    }

    /// Makes every cursor that was given out one of another log.
    static func renewEpoch(_ stamp: LogStamp, in transaction: borrowing Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO lite_cable_log (id, epoch)
            VALUES (1, lower(hex(randomblob(8))))
            ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch
            """)
        guard let epoch = try header(in: transaction).flatMap({ Cable.Cursor.epoch($0.epoch) }) else { return }
        // Before the commit: whoever opens the file next waits for it. One that fails leaves a stamp that fits nothing.
        try stamp.set(epoch: epoch, head: try transaction.first(headQuery, as: Int64.self) ?? 0)
    }

    private static func header(in access: borrowing some ReadAccess & ~Copyable) throws -> Header? {
        try access.first("SELECT epoch, inode, boot, rules, rules_since FROM lite_cable_log WHERE id = 1") { row in
            Header(
                epoch: try row.text(0), inode: try row.get(1, as: Int64?.self), boot: try row.get(2, as: String?.self),
                rules: try row.text(3), rulesSince: try row.integer(4))
        }
    }

    // MARK: Appending

    private static let insert = """
        INSERT INTO lite_cable_messages (channel, event, published_at, retention, is_json, excluded, payload)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """

    /// Appends a message, and removes some of the oldest now and then.
    @discardableResult
    func append(_ draft: Draft, at now: Int64, in transaction: borrowing Transaction) throws -> Cable.Cursor {
        let seq = try insert(draft, at: now, in: transaction)
        if seq % Self.trimStride == 0 { try trim(upTo: seq, at: now, in: transaction) }
        return Cable.Cursor(epoch: epoch, seq: seq)
    }

    /// Appends messages, and removes some of the oldest at most once.
    ///
    /// - Returns: The place of the last; nil if there is none.
    func append(
        _ drafts: [Draft], at now: Int64, in transaction: borrowing Transaction
    ) throws -> Cable.Cursor? {
        var seq: Int64 = 0
        for draft in drafts { seq = try insert(draft, at: now, in: transaction) }
        guard !drafts.isEmpty else { return nil }
        let count = Int64(drafts.count)
        if seq / Self.trimStride != (seq - count) / Self.trimStride {
            try trim(upTo: seq, added: drafts, at: now, in: transaction)
        }
        return Cable.Cursor(epoch: epoch, seq: seq)
    }

    private func insert(_ draft: Draft, at now: Int64, in transaction: borrowing Transaction) throws -> Int64 {
        try transaction.execute(
            SQL(
                Self.insert,
                arguments: [
                    .text(draft.channel), draft.event.map { .text($0) } ?? .null, .integer(now),
                    .integer(rules.id(of: draft.channel)), .integer(draft.isJSON ? 1 : 0),
                    draft.excluded.map { .text($0) } ?? .null, .blob(draft.payload),
                ]))
        return transaction.lastInsertedRowID
    }

    // MARK: Where the log ends

    /// `sqlite_sequence` remembers the last number when every message is gone.
    static let headQuery: SQL = "SELECT seq FROM sqlite_sequence WHERE name = 'lite_cable_messages'"

    func head(in access: borrowing some ReadAccess & ~Copyable) throws -> Int64 {
        try access.first(Self.headQuery, as: Int64.self) ?? 0
    }

    /// Where the log ends in this view.
    func cursor(in access: borrowing some ReadAccess & ~Copyable) throws -> Cable.Cursor {
        Cable.Cursor(epoch: epoch, seq: try head(in: access))
    }
}
