import CLiteStackSQLite

/// A state of a database: two tokens are equal exactly if nothing was committed between them, by any process.
///
/// Take the token before you read what it shall vouch for. It compares all 48 bytes of SQLite's wal-index header.
/// A checkpoint can change it too (a harmless false alarm); it means nothing in another process or after a reopen.
public struct ChangeToken: Sendable, Equatable {
    var header: litestack_header

    /// Compares all bytes.
    public static func == (left: ChangeToken, right: ChangeToken) -> Bool {
        left.header.equals(right.header)
    }
}
