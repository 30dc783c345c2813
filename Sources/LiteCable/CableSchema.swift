import LiteDB

/// The tables of the message log.
///
/// `seq` is given out by the one writer inside its transaction, so its order is commit order, without holes: a
/// transaction that rolls back takes its numbers back. The oldest messages are removed first, so the log is always
/// one run of numbers. `total_bytes` is the sum of all payloads up to and with this one: what a stretch of the log
/// weighs is one subtraction.
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
                    """)
        ])
}
