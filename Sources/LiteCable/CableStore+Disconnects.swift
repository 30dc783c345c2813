import LiteDB

/// Which subjects were disconnected, and when: their grants from before are refused.
extension CableStore {
    static let subjectPrefix = "$subject."
    /// Older rows stand in nobody's way: no grant from before them is accepted.
    static let keptMilliseconds: Int64 = 400 * 24 * 60 * 60 * 1000

    /// A subject's last disconnect.
    struct Disconnect {
        let milliseconds: Int64
        let seq: Int64
    }

    static func subjectChannel(_ subject: String) -> String {
        subjectPrefix + Base64URL.encoded(Array(subject.utf8))
    }

    func disconnect(_ subject: String, at now: Int64, in transaction: borrowing Transaction) throws {
        let place = try append(
            Draft(
                channel: Self.subjectChannel(subject), event: "disconnect", payload: Array("null".utf8), isJSON: true),
            at: now, in: transaction)
        try transaction.execute(
            """
            INSERT INTO lite_cable_disconnects (subject, disconnected_at, seq)
            VALUES (\(subject), \(now), \(place.seq))
            ON CONFLICT (subject) DO UPDATE SET
                disconnected_at = max(disconnected_at, excluded.disconnected_at), seq = excluded.seq
            """)
        try transaction.execute(
            "DELETE FROM lite_cable_disconnects WHERE disconnected_at < \(now - Self.keptMilliseconds)")
    }

    func lastDisconnect(
        of subject: String, in access: borrowing some ReadAccess & ~Copyable
    ) throws -> Disconnect? {
        try access.first("SELECT disconnected_at, seq FROM lite_cable_disconnects WHERE subject = \(subject)") { row in
            Disconnect(milliseconds: try row.integer(0), seq: try row.integer(1))
        }
    }
}
