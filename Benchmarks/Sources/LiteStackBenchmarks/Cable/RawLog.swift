import CBenchSQLite
import Foundation

/// The same table as the cable's, used through the C API.
final class RawLog {
    private let database: RawDatabase
    private let insert: RawStatement
    private let channel = "room.7"

    /// What a row is copied into: the fields of a message.
    struct Message {
        let seq: Int64
        let channel: String
        let event: String?
        let publishedAt: Date
        let isJSON: Bool
        let excluded: String?
        let payload: [UInt8]
    }

    init(path: String, durability: RawDatabase.Durability) throws {
        database = try RawDatabase(path: path, durability: durability)
        try database.execute(
            """
            CREATE TABLE IF NOT EXISTS messages (
                seq INTEGER PRIMARY KEY AUTOINCREMENT,
                channel TEXT NOT NULL,
                event TEXT,
                published_at INTEGER NOT NULL,
                retention INTEGER NOT NULL,
                is_json INTEGER NOT NULL,
                excluded TEXT,
                payload BLOB NOT NULL
            ) STRICT
            """)
        insert = try database.prepare(
            """
            INSERT INTO messages (channel, event, published_at, retention, is_json, excluded, payload)
            VALUES (?, NULL, ?, 0, 0, NULL, ?)
            """)
    }

    @inline(never)  // inlined into an async closure it crashes the optimiser of Swift 6.3.1
    func append(_ payload: [UInt8]) throws {
        sqlite3_bind_int64(insert.handle, 2, Int64(Date().timeIntervalSince1970 * 1000))
        try insert.run(text: channel, blob: payload, blobAt: 3)
    }

    @inline(never)
    func appendTogether(_ payloads: ArraySlice<[UInt8]>) throws {
        try database.execute("BEGIN IMMEDIATE")
        for payload in payloads { try append(payload) }
        try database.execute("COMMIT")
    }

}

/// The cable's own log, scanned through the C API by a connection that only reads.
final class RawScan {
    private let select: RawStatement

    init(path: String) throws {
        select = try RawDatabase(reading: path).prepare(
            """
            SELECT seq, channel, event, published_at, is_json, excluded, payload
            FROM lite_cable_messages
            ORDER BY seq
            """)
    }

    /// Copies every row into a `Message`, one after the other.
    @inline(never)
    func run(_ body: (RawLog.Message) -> Void) throws {
        while try select.step() {
            body(
                RawLog.Message(
                    seq: select.integer(0), channel: select.text(1),
                    event: optionalText(2),
                    publishedAt: Date(timeIntervalSince1970: Double(select.integer(3)) / 1000),
                    isJSON: select.integer(4) != 0, excluded: optionalText(5), payload: select.blob(6)))
        }
    }

    @inline(__always)
    private func optionalText(_ column: Int32) -> String? {
        sqlite3_column_type(select.handle, column) == SQLITE_NULL ? nil : select.text(column)
    }
}
