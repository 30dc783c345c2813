import LiteDB

/// Which subjects were disconnected, and when: their grants from before are refused.
extension CableStore {
    static let subjectPrefix = "$subject."
    /// Older rows stand in nobody's way: no token lives that long.
    private static let keptMilliseconds: Int64 = 48 * 60 * 60 * 1000

    static func subjectChannel(_ subject: String) -> String {
        subjectPrefix + Base64URL.encoded(Array(subject.utf8))
    }

    func disconnect(_ subject: String, at now: Int64, in transaction: borrowing Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO lite_cable_disconnects (subject, disconnected_at)
            VALUES (\(subject), \(now))
            ON CONFLICT (subject) DO UPDATE SET disconnected_at = max(disconnected_at, excluded.disconnected_at)
            """)
        try transaction.execute(
            "DELETE FROM lite_cable_disconnects WHERE disconnected_at < \(now - Self.keptMilliseconds)")
        try append(
            Draft(
                channel: Self.subjectChannel(subject), event: "disconnect", payload: Array("null".utf8), isJSON: true),
            at: now, in: transaction)
    }

    func disconnectedAt(_ subject: String, in access: borrowing some ReadAccess & ~Copyable) throws -> Int64? {
        try access.first(
            "SELECT disconnected_at FROM lite_cable_disconnects WHERE subject = \(subject)", as: Int64.self)
    }
}
