/// One step of a database's schema, with a name that stays for ever.
///
/// ```swift
/// try await database.migrate([
///     Migration("create notes", sql: "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT"),
///     Migration("index notes", sql: "CREATE INDEX notes_by_body ON notes (body)"),
/// ])
/// ```
public struct Migration: Sendable {
    enum Body: Sendable {
        case script(String)
        case closure(@Sendable (borrowing Transaction) throws -> Void)
    }

    /// What it is known by in `lite_migrations`.
    public let name: String
    /// Whether foreign keys are off around its transaction and checked as a whole before its commit, as the rebuild of
    /// a table needs it (https://sqlite.org/lang_altertable.html#otheralter).
    public let rebuildsTables: Bool
    let body: Body

    /// A migration as SQL, of one or more statements. Its text is remembered by a checksum, so a later edit is noticed.
    public init(_ name: String, sql: String, rebuildsTables: Bool = false) {
        self.name = name
        self.rebuildsTables = rebuildsTables
        body = .script(sql)
    }

    /// A migration as a closure, known by its name alone.
    public init(
        _ name: String, rebuildsTables: Bool = false, _ body: @escaping @Sendable (borrowing Transaction) throws -> Void
    ) {
        self.name = name
        self.rebuildsTables = rebuildsTables
        self.body = .closure(body)
    }

    /// FNV-1a over the text's bytes (http://www.isthe.com/chongo/tech/comp/fnv/), nil for a closure.
    var checksum: Int64? {
        guard case .script(let sql) = body else { return nil }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in sql.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return Int64(bitPattern: hash)
    }
}
