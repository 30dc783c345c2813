import LiteDB

/// The places that named consumers saved. They lie in the log's own file, so a restored file restores both together.
extension CableStore {
    func offset(of consumer: String, in access: borrowing some ReadAccess & ~Copyable) throws -> Int64? {
        try access.first("SELECT seq FROM lite_cable_consumers WHERE name = \(consumer)", as: Int64.self)
    }

    func offsets(in access: borrowing some ReadAccess & ~Copyable) throws -> [(String, Int64)] {
        try access.all("SELECT name, seq FROM lite_cable_consumers ORDER BY name") { row in
            (try row.text(0), try row.integer(1))
        }
    }

    /// - Throws: `CableError` with `otherLog` for a place that the log has not come to.
    func save(_ seq: Int64, of consumer: String, at now: Int64, in transaction: borrowing Transaction) throws {
        guard seq <= (try head(in: transaction)) else {
            throw CableError(.otherLog, "Saving the place of a consumer: the log has not come to this cursor")
        }
        try transaction.execute(
            """
            INSERT INTO lite_cable_consumers (name, seq, saved_at)
            VALUES (\(consumer), \(seq), \(now))
            ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, saved_at = excluded.saved_at
            WHERE excluded.seq > seq
            """)
    }

    /// Takes a consumer back to a place: what it saved is none of this log.
    func reset(_ consumer: String, to seq: Int64, at now: Int64, in transaction: borrowing Transaction) throws {
        try transaction.execute(
            "UPDATE lite_cable_consumers SET seq = \(seq), saved_at = \(now) WHERE name = \(consumer) AND seq > \(seq)")
    }

    func removeOffset(of consumer: String, in transaction: borrowing Transaction) throws {
        try transaction.execute("DELETE FROM lite_cable_consumers WHERE name = \(consumer)")
    }
}
