#if Hummingbird
import LiteDB

/// The table of what Hummingbird keeps: sessions and the like. In the application's file, apart from the cache: nothing
/// evicts it, clearing the cache does not touch it, and it is as durable as the application's data.
enum PersistSchema {
    static let tables = ComponentSchema(
        component: "persist",
        steps: [
            .init(
                oldestUsable: 1,
                sql: """
                    CREATE TABLE lite_persist (
                        key TEXT PRIMARY KEY,
                        value BLOB NOT NULL,
                        expires_at INTEGER
                    ) STRICT;
                    CREATE INDEX lite_persist_expires_at ON lite_persist (expires_at) WHERE expires_at IS NOT NULL;
                    """)
        ])
}
#endif
