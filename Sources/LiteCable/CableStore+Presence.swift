import LiteDB

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Who is present: one row for each channel, member and connection. What changes is told in the same transaction.
extension CableStore {
    static let presencePrefix = "$presence."
    /// How many expired rows one transaction removes.
    static let sweepBatch = 500

    /// One connection of a member on a channel.
    struct Seat: Sendable, Hashable {
        var channel: String
        var member: String
        var connection: String
    }

    /// A member takes a seat, or keeps the one that it has.
    func join(
        _ seat: Seat, info: [UInt8], until expiry: Int64, at now: Int64, in transaction: borrowing Transaction
    ) throws {
        try sweep(seat.member, on: seat.channel, at: now, in: transaction)
        let known = try knownInfo(of: seat.member, on: seat.channel, in: transaction)
        try transaction.execute(
            """
            INSERT INTO lite_cable_presence (channel, member, connection, info, joined_at, expires_at)
            VALUES (\(seat.channel), \(seat.member), \(seat.connection), \(info), \(now), \(expiry))
            ON CONFLICT (channel, member, connection) DO UPDATE SET info = excluded.info, expires_at = excluded.expires_at
            """)
        if known == nil {
            try tell("join", seat.member, on: seat.channel, info: info, at: now, in: transaction)
        } else if known != info {
            try setInfo(info, of: seat.member, on: seat.channel, at: now, in: transaction)
        }
    }

    /// Changes what is told of a member. False if it is not there.
    @discardableResult
    func setInfo(
        _ info: [UInt8], of member: String, on channel: String, at now: Int64, in transaction: borrowing Transaction
    ) throws -> Bool {
        let count = try transaction.execute(
            """
            UPDATE lite_cable_presence SET info = \(info)
            WHERE channel = \(channel) AND member = \(member) AND expires_at > \(now)
            """)
        guard count > 0 else { return false }
        try tell("update", member, on: channel, info: info, at: now, in: transaction)
        return true
    }

    /// Keeps a seat for longer. False if it is gone, so that it has to be taken again.
    func renew(_ seat: Seat, until expiry: Int64, in transaction: borrowing Transaction) throws -> Bool {
        try transaction.execute(
            """
            UPDATE lite_cable_presence SET expires_at = \(expiry)
            WHERE channel = \(seat.channel) AND member = \(seat.member) AND connection = \(seat.connection)
            """) > 0
    }

    /// Keeps all seats of a connection for longer; how many it has.
    func renew(connection: String, until expiry: Int64, in transaction: borrowing Transaction) throws -> Int {
        try transaction.execute(
            "UPDATE lite_cable_presence SET expires_at = \(expiry) WHERE connection = \(connection)")
    }

    /// Gives a seat up at a time; at once if that is now.
    func leave(_ seat: Seat, at time: Int64, now: Int64, in transaction: borrowing Transaction) throws {
        try transaction.execute(
            """
            UPDATE lite_cable_presence SET expires_at = min(expires_at, \(time))
            WHERE channel = \(seat.channel) AND member = \(seat.member) AND connection = \(seat.connection)
            """)
        try sweep(seat.member, on: seat.channel, at: now, in: transaction)
    }

    /// Gives up all seats of a connection.
    func leave(connection: String, at time: Int64, now: Int64, in transaction: borrowing Transaction) throws {
        try transaction.execute(
            """
            UPDATE lite_cable_presence SET expires_at = min(expires_at, \(time))
            WHERE connection = \(connection)
            """)
        let seats = try transaction.all(
            "SELECT channel, member, connection FROM lite_cable_presence WHERE connection = \(connection)",
            Self.seat)
        for seat in seats { try sweep(seat.member, on: seat.channel, at: now, in: transaction) }
    }

    /// Removes some of the seats whose time is over, and tells which members are gone with their last one.
    ///
    /// - Returns: Whether there may be more, for a transaction of their own.
    func sweep(at now: Int64, in transaction: borrowing Transaction) throws -> Bool {
        let gone = try transaction.all(Self.expired(at: now), Self.seat)
        for seat in gone { try sweep(seat.member, on: seat.channel, at: now, in: transaction) }
        return gone.count == Self.sweepBatch
    }

    /// The same for one member.
    private func sweep(
        _ member: String, on channel: String, at now: Int64, in transaction: borrowing Transaction
    ) throws {
        let count = try transaction.execute(
            """
            DELETE FROM lite_cable_presence
            WHERE channel = \(channel) AND member = \(member) AND expires_at <= \(now)
            """)
        guard count > 0, try knownInfo(of: member, on: channel, in: transaction) == nil else { return }
        try tell("leave", member, on: channel, info: nil, at: now, in: transaction)
    }

    private static func seat(_ row: borrowing Row) throws -> Seat {
        Seat(channel: try row.text(0), member: try row.text(1), connection: try row.text(2))
    }

    static func expired(at now: Int64) -> SQL {
        """
        SELECT channel, member, connection
        FROM lite_cable_presence
        WHERE expires_at <= \(now)
        ORDER BY expires_at
        LIMIT \(sweepBatch)
        """
    }

    /// When the next seat's time is over.
    func nextExpiry(in access: borrowing some ReadAccess & ~Copyable) throws -> Int64? {
        try access.first("SELECT expires_at FROM lite_cable_presence ORDER BY expires_at LIMIT 1", as: Int64.self)
    }

    /// Who is there, by name. Whose time is over is not, also if nobody has removed it yet.
    func members(
        of channel: String, at now: Int64, in access: borrowing some ReadAccess & ~Copyable
    ) throws -> [Cable.Member] {
        try access.all(Self.membersQuery(of: channel, at: now)) { row in
            Cable.Member(
                id: try row.text(0), info: try row.get(1), joinedAt: try row.get(2),
                connectionCount: Int(try row.integer(3)))
        }
    }

    static func membersQuery(of channel: String, at now: Int64) -> SQL {
        """
        SELECT member, max(info), min(joined_at), count(*)
        FROM lite_cable_presence
        WHERE channel = \(channel) AND expires_at > \(now)
        GROUP BY member
        """
    }

    private func knownInfo(
        of member: String, on channel: String, in transaction: borrowing Transaction
    ) throws -> [UInt8]? {
        try transaction.first(
            "SELECT info FROM lite_cable_presence WHERE channel = \(channel) AND member = \(member) LIMIT 1",
            as: [UInt8].self)
    }

    private func tell(
        _ event: String, _ member: String, on channel: String, info: [UInt8]?, at now: Int64,
        in transaction: borrowing Transaction
    ) throws {
        var payload = Array(#"{"member":"#.utf8) + JSONText.quoted(member)
        if let info { payload += Array(#","info":"#.utf8) + info }
        payload.append(UInt8(ascii: "}"))
        try append(
            Draft(channel: Self.presencePrefix + channel, event: event, payload: payload, isJSON: true), at: now,
            in: transaction)
    }
}
