/// What went wrong in a database call: what was tried, what happened, and what to do about it.
///
/// An error that a caller's own closure throws passes through LiteDB unchanged; everything else is this type.
/// The message names tables, columns and files, and never a bound value.
public struct DatabaseError: Error, Sendable, CustomStringConvertible {
    /// What kind of error it is. Match with `==`; new codes can appear in any release.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code's name, as it stands in logs.
        public let description: String

        package init(_ name: String) {
            description = name
        }
    }

    /// The kind of error.
    public let code: Code
    /// What was tried, what happened, and what to do.
    public let message: String
    /// SQLite's extended result code, where SQLite reported the error.
    public let sqliteCode: Int32?
    /// The SQL text (without values) that failed, where there was one.
    public let sql: String?
    /// The error behind this one: for ``Code/groupRolledBack``, what ended the group.
    public let underlying: (any Error)?

    /// Creates an error.
    package init(
        _ code: Code,
        _ message: String,
        sqliteCode: Int32? = nil,
        sql: String? = nil,
        underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.sqliteCode = sqliteCode
        self.sql = sql
        self.underlying = underlying
    }

    /// The code, the message, and the SQL text if there is one.
    public var description: String {
        var text = "\(code): \(message)"
        if let sqliteCode { text += " [SQLite \(sqliteCode)]" }
        if let sql { text += " [SQL: \(sql)]" }
        return text
    }
}
