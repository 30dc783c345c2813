import LiteDB

/// When which tags were invalidated last, in the file whose transactions do it: the application's.
///
/// Tags and namespaces fall into a fixed number of buckets by a keyed hash, so the table is bounded whatever they are
/// called. Two tags in one bucket share their invalidations, which costs a computation now and then and is never wrong.
enum TagSchema {
    static let tables = ComponentSchema(
        component: "cache-tags",
        steps: [
            .init(
                oldestUsable: 1,
                sql: """
                    CREATE TABLE lite_cache_tags (
                        bucket INTEGER PRIMARY KEY,
                        changed_at INTEGER NOT NULL
                    ) STRICT;
                    CREATE INDEX lite_cache_tags_changed_at ON lite_cache_tags (changed_at);
                    CREATE TABLE lite_cache_tag_state (
                        id INTEGER PRIMARY KEY CHECK (id = 1),
                        sequence INTEGER NOT NULL,
                        origin BLOB NOT NULL
                    ) STRICT;
                    INSERT INTO lite_cache_tag_state (id, sequence, origin) VALUES (1, 0, randomblob(16));
                    """)
        ])
}
