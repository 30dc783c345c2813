import CLiteStackSQLite

/// Where a connection stands: how many commits it has seen or made, and how many rows it has changed.
///
/// By two of them a component tells that what it knows of the file from its last transaction still holds.
package struct ChangeMark: Sendable, Equatable {
    private let version: UInt32
    private let changeCount: Int64

    init(of connection: Connection) {
        var version: UInt32 = 0
        // It cannot fail for a database that is open; a number that never changes would only be found different.
        sqlite3_file_control(connection.handle, "main", SQLITE_FCNTL_DATA_VERSION, &version)
        self.version = version
        changeCount = sqlite3_total_changes64(connection.handle)
    }

    /// Whether nobody changed a row between the two: neither this connection nor another, of any process.
    ///
    /// SQLite's number grows by one with each commit of the connection, and by one when it finds that others committed
    /// (https://sqlite.org/c3ref/c_fcntl_begin_atomic_write.html, `SQLITE_FCNTL_DATA_VERSION`). So exactly one more is the
    /// commit of the earlier transaction itself, and the count of rows tells whether others of its group came after it.
    ///
    /// - Parameter earlier: Taken last in a transaction that was committed. Of one that was undone it says nothing.
    package func directlyFollows(_ earlier: ChangeMark) -> Bool {
        version == earlier.version &+ 1 && changeCount == earlier.changeCount
    }
}

extension Transaction {
    /// Where the connection stands now. A few nanoseconds.
    package var changeMark: ChangeMark { ChangeMark(of: session.connection) }
}
