import CLiteStackSQLite

/// A shared lock in `run/` that says that this process has the file open: who would set the file aside needs it alone.
///
/// `@unchecked Sendable`: the descriptor is set once.
final class OpenLock: @unchecked Sendable {
    private let descriptor: Int32

    init(directory: String, name: String) {
        descriptor = litestack_open("\(directory)/\(name).open", O_RDWR | O_CREAT, 0o600)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Takes it, which waits while another process sets the file aside; that takes milliseconds.
    ///
    /// - Throws: `busy` if it takes longer than `timeout`.
    func take(timeout: Duration) throws {
        let deadline = MonotonicTime.now + timeout
        while descriptor >= 0, litestack_flock(descriptor, LOCK_SH | LOCK_NB) != 0 {
            guard MonotonicTime.now < deadline else {
                throw DatabaseError(
                    .busy, "Opening: another process has been setting the damaged file aside for too long")
            }
            usleep(1000)  // on a thread of LiteDB's own
        }
    }

    /// Says that this process no longer has the file open.
    func release() {
        if descriptor >= 0 { litestack_flock(descriptor, LOCK_UN) }
    }

    /// Runs `body` if no other process has the file open; false if one has. The lock must not be held.
    func whileNobodyHasItOpen(_ body: () throws -> Void) rethrows -> Bool {
        guard descriptor >= 0, litestack_flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return false }
        defer { litestack_flock(descriptor, LOCK_UN) }
        try body()
        return true
    }
}
