import CLiteStackSQLite
import Synchronization

/// A connection for reading that keeps its snapshot between reads while nothing was committed.
///
/// Entering and leaving a snapshot costs two lock calls, which is most of a small read. So the read transaction stays
/// open, tagged with the header that was loaded before it began, and is used again while (a) the header is the same
/// and (b) it is not a snapshot on frames that a checkpoint has completed, since that one would keep the WAL from
/// starting over. What fails either test is ended by the next reader, or when idle by the housekeeper.
///
/// `@unchecked Sendable`: everything but `isTaken` is touched only by whoever took the reader.
final class Reader: @unchecked Sendable {
    private let isTaken = Atomic<Bool>(false)
    let connection: Connection
    private let access: ThreadAccess
    private let walIndex: WALIndex
    private let keepsSnapshots: Bool
    private let begin: Statement
    private let commit: Statement
    private var tag: WALIndex.Header
    private var isOnFrames = false
    private var hasSnapshot = false
    /// Since when the snapshot is held, in monotonic nanoseconds; zero if there is none. The housekeeper looks at it.
    private let heldSince = Atomic<UInt64>(0)
    private let busyTimeout: Duration
    private let maximumAge: Duration?

    init(_ connection: Connection, of core: AnyObject, walIndex: WALIndex, configuration: Database.Configuration) throws
    {
        self.connection = connection
        self.walIndex = walIndex
        keepsSnapshots = configuration.keepsSnapshots
        busyTimeout = configuration.busyTimeout
        maximumAge = configuration.maximumSnapshotAge
        if maximumAge != nil { connection.limitDuration() }
        access = ThreadAccess(.read, of: core, on: connection)
        begin = try connection.prepareOwn("BEGIN")
        commit = try connection.prepareOwn("COMMIT")
        tag = walIndex.header()
    }

    /// Takes the reader, unless someone has it.
    @inline(__always)
    func take() -> Bool {
        isTaken.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    }

    @inline(__always)
    func giveBack() {
        isTaken.store(false, ordering: .releasing)
    }

    /// Runs `body` in a snapshot of the present. The reader must be taken.
    @inline(__always)
    func read(_ body: (borrowing Snapshot) throws -> Void) throws {
        if !isReusable { try startSnapshot() }
        if let maximumAge { connection.expiry = MonotonicTime.now + maximumAge }
        connection.requiresTransaction = true
        access.enter()
        defer {
            access.leave()
            connection.requiresTransaction = false
            connection.endAccess()
            connection.expiry = nil
            if !isReusable { endSnapshot() }
        }
        try body(Snapshot(connection))
    }

    /// Since when the snapshot is held, if there is one, also while nobody reads; without taking the reader.
    var snapshotStart: MonotonicTime? {
        let start = heldSince.load(ordering: .relaxed)
        return start == 0 ? nil : MonotonicTime(nanoseconds: start)
    }

    /// Since when the snapshot is held that a read uses now, if one does; without taking the reader.
    var readStart: MonotonicTime? { isTaken.load(ordering: .relaxed) ? snapshotStart : nil }

    /// Ends the snapshot if it may not be used again. For the housekeeper, which skips a reader in use.
    func sweep() {
        guard take() else { return }
        defer { giveBack() }
        if hasSnapshot, !isReusable { endSnapshot() }
    }

    /// Ends the snapshot. The reader must be taken.
    func endSnapshot() {
        guard hasSnapshot else { return }
        connection.expiry = nil  // LiteDB's own statements never expire
        connection.resetCursors()
        // After an error SQLite may have ended the transaction itself. COMMIT of a read transaction writes nothing and
        // cannot fail once no cursor stands open.
        if !connection.isInAutocommit { _ = connection.control(commit) }
        hasSnapshot = false
        heldSince.store(0, ordering: .relaxed)
    }

    @inline(__always)
    private var isReusable: Bool {
        keepsSnapshots && hasSnapshot && !connection.isInAutocommit && walIndex.matches(tag)
            && !(isOnFrames && walIndex.backfilledCount >= walIndex.frameCount)
    }

    private func startSnapshot() throws {
        endSnapshot()
        let now = MonotonicTime.now
        connection.deadline = now + busyTimeout
        // The tag comes first: a commit between it and the snapshot makes the tag too old, which only costs a refresh.
        tag = walIndex.header()
        let frames = walIndex.frameCount
        isOnFrames = frames > 0 && walIndex.backfilledCount < frames
        let code = connection.control(begin)
        guard code == SQLITE_OK else { throw connection.error(code, doing: "Beginning a read") }
        hasSnapshot = true
        heldSince.store(now.nanoseconds, ordering: .relaxed)
    }

    /// Ends the snapshot and closes the connection. The reader must be taken, and stays so.
    func close() {
        endSnapshot()
        connection.close()
    }
}
