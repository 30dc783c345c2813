import LiteDB

/// The tables of the cache's file.
///
/// An entry's row id is a keyed hash of its key, so a lookup is one step down one tree; the key itself is compared,
/// and of two keys with the same hash the later one stays. What is asked for often stands before the value, which may
/// fill many pages.
///
/// Each transaction that changes entries appends one row to the log: which entries, by their hashes, and the ledger as it
/// is afterwards. So the budget is exact, the copies in the memory of every process know what to drop, and a `set` touches
/// two pages. A change has a number of its own (`sequence`), which is the entry's version; the numbers of one row end
/// with the row's.
///
/// `lite_cache_order` is the order of insertion, along which the hand of the eviction moves (SIEVE:
/// https://cachemon.github.io/SIEVE-website/). It is apart from the entries because a mark in an entry's row would write
/// the whole value again.
enum CacheSchema {
    static let tables = ComponentSchema(
        component: "cache",
        steps: [
            // Before the first release there was another form. It promised nothing, and its values can be made anew.
            .init(
                oldestUsable: 1,
                sql: """
                    DROP TABLE IF EXISTS lite_cache_entries;
                    DROP TABLE IF EXISTS lite_cache_ledger;
                    """),
            .init(
                oldestUsable: 2,
                sql: """
                    DROP TABLE IF EXISTS lite_cache_entries;
                    DROP TABLE IF EXISTS lite_cache_ledger;
                    CREATE TABLE lite_cache_entries (
                        hash INTEGER PRIMARY KEY,
                        version INTEGER NOT NULL,
                        bytes INTEGER NOT NULL,
                        expires_at INTEGER,
                        kept_until INTEGER,
                        sweep_at INTEGER,
                        position INTEGER NOT NULL,
                        stored_at INTEGER NOT NULL,
                        flags INTEGER NOT NULL,
                        tags BLOB,
                        tags_at INTEGER,
                        key TEXT NOT NULL,
                        value ANY NOT NULL
                    ) STRICT;
                    CREATE INDEX lite_cache_entries_key ON lite_cache_entries (key);
                    CREATE INDEX lite_cache_entries_sweep ON lite_cache_entries (sweep_at) WHERE sweep_at IS NOT NULL;
                    CREATE TABLE lite_cache_order (
                        position INTEGER PRIMARY KEY,
                        hash INTEGER NOT NULL,
                        is_visited INTEGER NOT NULL DEFAULT 0 CHECK (is_visited IN (0, 1))
                    ) STRICT;
                    CREATE TABLE lite_cache_log (
                        sequence INTEGER PRIMARY KEY,
                        bytes INTEGER NOT NULL,
                        entry_count INTEGER NOT NULL,
                        hand INTEGER NOT NULL,
                        hashes BLOB
                    ) STRICT;
                    CREATE TABLE lite_cache_flights (
                        hash INTEGER PRIMARY KEY,
                        token INTEGER NOT NULL,
                        process TEXT NOT NULL,
                        deadline INTEGER NOT NULL,
                        tags_at INTEGER NOT NULL,
                        is_overtaken INTEGER NOT NULL DEFAULT 0 CHECK (is_overtaken IN (0, 1)),
                        failure TEXT
                    ) STRICT;
                    CREATE TABLE lite_cache_file (
                        id INTEGER PRIMARY KEY CHECK (id = 1),
                        hash_key BLOB NOT NULL,
                        boot_id TEXT NOT NULL DEFAULT '',
                        tags_origin BLOB NOT NULL DEFAULT x'',
                        tags_at INTEGER NOT NULL DEFAULT 0
                    ) STRICT;
                    INSERT INTO lite_cache_file (id, hash_key) VALUES (1, randomblob(16));
                    -- Versions begin at the time of day, so that those of a file that was made anew never meet older ones.
                    INSERT INTO lite_cache_log (sequence, bytes, entry_count, hand)
                    VALUES (CAST(unixepoch() AS INTEGER) * 1000, 0, 0, 0);
                    """),
            .init(
                oldestUsable: 2,
                sql: """
                    CREATE INDEX lite_cache_flights_deadline ON lite_cache_flights (deadline);
                    CREATE INDEX lite_cache_flights_running ON lite_cache_flights (hash)
                    WHERE is_overtaken = 0 AND failure IS NULL;
                    """),
        ])
}
