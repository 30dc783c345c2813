import CLiteStackSQLite

/// The first page of SQLite's own mapping of the wal-index, which tells in nanoseconds whether anything was committed.
///
/// Every commit changes the 48 bytes of the header (https://sqlite.org/walformat.html). All of them are compared:
/// the change counter alone is set back by recovery. SQLite's mapping lasts until the last connection of this process
/// to the file closes; this is a second mapping of the same page, so that a look at a database that is being closed
/// finds memory. No descriptor of our own is involved: closing one would drop SQLite's locks.
///
/// `@unchecked Sendable`: the memory is shared with other processes and only read here, with acquire loads.
struct WALIndex: @unchecked Sendable {
    typealias Header = litestack_header

    private let page: UnsafeRawPointer
    private let mapping: Mapping

    /// Finds the mapping through a connection that has read at least once in WAL mode.
    init(of connection: Connection) throws {
        var mapped: UnsafeMutableRawPointer?
        let code = litestack_wal_index(connection.handle, &mapped)
        guard code == SQLITE_OK, let mapped else {
            throw connection.error(code, doing: "Finding the wal-index of \(connection.path)")
        }
        guard let again = litestack_map_again(mapped) else {
            throw DatabaseError(
                .cannotOpen, "Opening \(connection.path): the wal-index could not be mapped. Check the limit on memory")
        }
        page = UnsafeRawPointer(again)
        mapping = Mapping(again)
    }

    /// Unmaps the page when the last user is gone.
    private final class Mapping {
        private let page: UnsafeMutableRawPointer

        init(_ page: UnsafeMutableRawPointer) {
            self.page = page
        }

        deinit {
            litestack_unmap(page)
        }
    }

    /// The header as it is now. Load it before the transaction starts that it shall describe.
    @inline(__always)
    func header() -> Header { litestack_header_load(page) }

    /// Whether the header is still `known`.
    @inline(__always)
    func matches(_ known: Header) -> Bool {
        var known = known
        return litestack_header_matches(page, &known)
    }

    /// Whether the two copies of the header differ: a commit is between them, or a process died there.
    var isTorn: Bool { litestack_header_torn(page) }

    /// The number of valid frames in the WAL.
    var frameCount: Int { Int(litestack_wal_frames(page)) }

    /// How many of them are in the database file already.
    var backfilledCount: Int { Int(litestack_wal_backfilled(page)) }
}

extension litestack_header {
    /// The counter of commits, which recovery sets back to zero.
    var commitCount: UInt32 { UInt32(truncatingIfNeeded: word.1) }

    func equals(_ other: litestack_header) -> Bool {
        word.0 == other.word.0 && word.1 == other.word.1 && word.2 == other.word.2
            && word.3 == other.word.3 && word.4 == other.word.4 && word.5 == other.word.5
    }
}
