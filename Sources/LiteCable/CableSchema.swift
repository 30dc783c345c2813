import LiteDB

/// The tables of the message log.
///
/// `seq` is given out by the one writer inside its transaction, so its order is commit order, without holes: a
/// transaction that rolls back takes its numbers back. A message belongs to the retention that its channel had when it
/// was published; `trimmed_through` says up to where messages of that retention have been removed.
enum CableSchema {
    static let tables = ComponentSchema(
        component: "cable",
        steps: [
            .init(
                oldestUsable: 1,
                sql: """
                    CREATE TABLE lite_cable_messages (
                        seq INTEGER PRIMARY KEY AUTOINCREMENT,
                        channel TEXT NOT NULL,
                        payload BLOB NOT NULL,
                        published_at INTEGER NOT NULL,
                        total_bytes INTEGER NOT NULL
                    ) STRICT;
                    CREATE TABLE lite_cable_log (
                        id INTEGER PRIMARY KEY CHECK (id = 1),
                        epoch TEXT NOT NULL
                    ) STRICT;
                    INSERT INTO lite_cable_log (id, epoch) VALUES (1, lower(hex(randomblob(8))));
                    """),
            .init(oldestUsable: 2, sql: secondStep),
            // Where in the log a disconnect stands, for sessions that cannot go by the time.
            .init(
                oldestUsable: 2, sql: "ALTER TABLE lite_cable_disconnects ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;"),
        ])

    /// Events, retention by pattern, consumers, presence. The payload stands last, so that the other columns are found
    /// without walking through it.
    private static let secondStep = """
        CREATE TABLE lite_cable_new (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            channel TEXT NOT NULL,
            event TEXT,
            published_at INTEGER NOT NULL,
            retention INTEGER NOT NULL,
            is_json INTEGER NOT NULL CHECK (is_json IN (0, 1)),
            excluded TEXT,
            payload BLOB NOT NULL
        ) STRICT;
        INSERT INTO lite_cable_new (seq, channel, published_at, retention, is_json, payload)
        SELECT seq, channel, published_at, 0, 1, payload FROM lite_cable_messages;
        DELETE FROM sqlite_sequence WHERE name = 'lite_cable_new';
        INSERT INTO sqlite_sequence (name, seq)
        SELECT 'lite_cable_new', seq FROM sqlite_sequence WHERE name = 'lite_cable_messages';
        CREATE TABLE lite_cable_retention (
            id INTEGER PRIMARY KEY,
            pattern TEXT NOT NULL UNIQUE,
            message_count INTEGER NOT NULL DEFAULT 0,
            byte_count INTEGER NOT NULL DEFAULT 0,
            trimmed_through INTEGER NOT NULL DEFAULT 0,
            scanned_through INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        INSERT INTO lite_cable_retention (id, pattern, trimmed_through)
        SELECT 0, '', coalesce((SELECT min(seq) - 1 FROM lite_cable_messages),
            (SELECT seq FROM sqlite_sequence WHERE name = 'lite_cable_messages'), 0);
        DROP TABLE lite_cable_messages;
        ALTER TABLE lite_cable_new RENAME TO lite_cable_messages;
        ALTER TABLE lite_cable_log ADD COLUMN inode INTEGER;
        ALTER TABLE lite_cable_log ADD COLUMN boot TEXT;
        ALTER TABLE lite_cable_log ADD COLUMN rules TEXT NOT NULL DEFAULT '';
        ALTER TABLE lite_cable_log ADD COLUMN rules_since INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE lite_cable_log ADD COLUMN counted_through INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE lite_cable_consumers (
            name TEXT PRIMARY KEY,
            seq INTEGER NOT NULL,
            saved_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE lite_cable_presence (
            channel TEXT NOT NULL,
            member TEXT NOT NULL,
            connection TEXT NOT NULL,
            info BLOB NOT NULL,
            joined_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            PRIMARY KEY (channel, member, connection)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX lite_cable_presence_by_expiry ON lite_cable_presence (expires_at);
        CREATE INDEX lite_cable_presence_by_connection ON lite_cable_presence (connection);
        CREATE TABLE lite_cable_disconnects (
            subject TEXT PRIMARY KEY,
            disconnected_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
}
