#if Hummingbird
import LiteDB

/// All SQL of the persist driver.
enum PersistStore {
    struct Item: Sendable {
        let value: [UInt8]
        /// Milliseconds since 1970; nil for ever.
        let expiresAt: Int64?
    }

    static func lookup(_ key: String, at now: Int64) -> SQL {
        """
        SELECT value, expires_at
        FROM lite_persist
        WHERE key = \(key) AND (expires_at IS NULL OR expires_at > \(now))
        """
    }

    static func item(
        _ key: String, at now: Int64, in access: borrowing some ReadAccess & ~Copyable
    ) throws -> Item? {
        try access.first(lookup(key, at: now)) { row in
            Item(value: try row.get(0), expiresAt: try row.isNull(1) ? nil : row.integer(1))
        }
    }

    /// Stores a value if there is none that is live; whether it did.
    static func create(
        _ key: String, _ item: Item, at now: Int64, in transaction: borrowing Transaction
    ) throws -> Bool {
        try transaction.execute(
            """
            INSERT INTO lite_persist (key, value, expires_at)
            VALUES (\(key), \(item.value), \(item.expiresAt))
            ON CONFLICT (key) DO UPDATE
            SET value = excluded.value, expires_at = excluded.expires_at
            WHERE expires_at <= \(now)
            """) == 1
    }

    /// Stores a value. Without a time of its own it keeps that of the live value that it replaces.
    static func set(_ key: String, _ item: Item, at now: Int64, in transaction: borrowing Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO lite_persist (key, value, expires_at)
            VALUES (\(key), \(item.value), \(item.expiresAt))
            ON CONFLICT (key) DO UPDATE
            SET value = excluded.value,
                expires_at = CASE
                    WHEN excluded.expires_at IS NOT NULL THEN excluded.expires_at
                    WHEN lite_persist.expires_at > \(now) THEN lite_persist.expires_at
                END
            """)
    }

    static func remove(_ key: String, in transaction: borrowing Transaction) throws {
        try transaction.execute("DELETE FROM lite_persist WHERE key = \(key)")
    }

    static func expired(at now: Int64, limit: Int) -> SQL {
        """
        DELETE FROM lite_persist
        WHERE key IN (SELECT key FROM lite_persist WHERE expires_at <= \(now) ORDER BY expires_at LIMIT \(limit))
        """
    }

    /// Removes some of what is over.
    ///
    /// - Returns: How many values.
    static func removeExpired(at now: Int64, limit: Int, in transaction: borrowing Transaction) throws -> Int {
        try transaction.execute(expired(at: now, limit: limit))
    }
}
#endif
