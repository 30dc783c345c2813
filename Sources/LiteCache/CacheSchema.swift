import LiteDB

/// The tables of the cache.
///
/// An entry's row id is a keyed hash of its key, so a lookup is one step down one tree; the key itself is compared,
/// and of two keys with the same hash the later one stays. `position` is the order of insertion, along which the
/// hand of the eviction moves (SIEVE: https://cachemon.github.io/SIEVE-website/). The ledger is kept in the same
/// transactions as the entries, so the budget is exact.
enum CacheSchema {
    static let tables = ComponentSchema(
        component: "cache",
        steps: [
            .init(
                oldestUsable: 1,
                sql: """
                    CREATE TABLE lite_cache_entries (
                        hash INTEGER PRIMARY KEY,
                        key TEXT NOT NULL,
                        value BLOB NOT NULL,
                        format INTEGER NOT NULL CHECK (format IN (0, 1)),
                        bytes INTEGER NOT NULL,
                        expires_at INTEGER,
                        position INTEGER NOT NULL,
                        is_visited INTEGER NOT NULL DEFAULT 0 CHECK (is_visited IN (0, 1))
                    ) STRICT;
                    CREATE UNIQUE INDEX lite_cache_entries_position
                    ON lite_cache_entries (position, is_visited, bytes);
                    CREATE INDEX lite_cache_entries_expiry
                    ON lite_cache_entries (expires_at, bytes) WHERE expires_at IS NOT NULL;
                    CREATE TABLE lite_cache_ledger (
                        id INTEGER PRIMARY KEY CHECK (id = 1),
                        bytes INTEGER NOT NULL,
                        entry_count INTEGER NOT NULL,
                        last_position INTEGER NOT NULL,
                        hand INTEGER NOT NULL,
                        hash_key BLOB NOT NULL,
                        boot_id TEXT NOT NULL
                    ) STRICT;
                    INSERT INTO lite_cache_ledger (id, bytes, entry_count, last_position, hand, hash_key, boot_id)
                    VALUES (1, 0, 0, 0, 0, randomblob(16), '');
                    """)
        ])
}
