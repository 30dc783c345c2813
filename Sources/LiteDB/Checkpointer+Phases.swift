import CLiteStackSQLite

// SQLite 3.7 to 3.51.2 can lose commits when a checkpoint overlaps another connection's reset of the WAL
// (https://sqlite.org/wal.html, "The WAL reset bug"). So nobody checkpoints but this, and never while a reset can
// happen:
//
// 1. A pin: a read transaction on frames, opened under the write lock. It holds one of the read locks that a reset
//    needs exclusively, so none can happen while it stands. The write lock is let go, and PASSIVE copies pages beside
//    the writers. Then the database file is synced, through SQLite's own descriptor.
// 2. The small rest under the write lock: no commit, so no reset, and when it is done the next writer starts the WAL
//    over.
//
// 3. Only the first commit after a complete checkpoint can start the WAL over, and only if no reader is on frames. Where
//    many processes keep snapshots one usually is; so once the WAL is large, phase 2 keeps the write lock for 10 to 150 ms
//    until they are gone, and rests if a reader of an older snapshot stays all the same (`CheckpointRest`).
//    (SQLITE_CHECKPOINT_RESTART would wait as well, but without the write lock it turns into an unguarded PASSIVE.)
//
// It has a thread of its own: writers go on during phase 1, and wait for the few frames of phase 2.

extension Checkpointer {
    /// From 16 MiB on a checkpoint waits for readers, so that the WAL starts over.
    private static let largeFrameCount = 4096

    /// Phase 1. False if there was nothing that could be copied.
    func copyBesideWriters() throws -> Bool {
        let before = walIndex.backfilledCount
        var isOnFrames = false
        defer { endPin() }
        try withWriteLock {
            pin.deadline = MonotonicTime.now + .seconds(5)
            try pin.run("BEGIN", doing: "Pinning the WAL")
            _ = try pin.scalar("SELECT count(*) FROM sqlite_schema")
            // With everything backfilled the pin would sit on read lock 0, which forbids no reset.
            isOnFrames = walIndex.backfilledCount < walIndex.frameCount
        }
        guard isOnFrames else { return false }
        try copy()
        let code = litestack_sync_database(copier.handle)
        guard code == SQLITE_OK else { throw copier.error(code, doing: "Syncing \(path)") }
        return walIndex.backfilledCount > before
    }

    /// Phases 2 and 3. How many frames a reader of an older snapshot kept from being copied.
    func finishUnderWriteLock() throws -> Int {
        try withWriteLock {
            sweep()
            try copy()
            try waitForReadersIfLarge()
            // Behind the lock writers go on at once.
            return walIndex.frameCount - walIndex.backfilledCount
        }
    }

    /// Phase 3, under the write lock: new readers read from the database file alone, old ones end within microseconds or
    /// are swept.
    private func waitForReadersIfLarge() throws {
        let frames = walIndex.frameCount
        guard frames >= max(threshold * 2, Self.largeFrameCount) else { return }
        let patience = Self.patience(withFrames: frames, oldestRead: oldestRead())
        guard patience > .zero else { return }
        ring()  // other processes end their idle snapshots
        let limit = MonotonicTime.now + patience
        var isBarrierOnFrames = true
        while MonotonicTime.now < limit {
            // A reader of an older snapshot kept some frames from being copied.
            if walIndex.backfilledCount < frames { try copy() }
            if walIndex.backfilledCount >= frames {
                if isBarrierOnFrames {
                    // The barrier stands on the frames that it began with. Begun again it reads from the file alone.
                    try barrier.run(
                        "ROLLBACK; BEGIN IMMEDIATE", doing: "Taking the write lock for a checkpoint of \(path)")
                    guard walIndex.frameCount == frames else { return }
                    isBarrierOnFrames = false
                }
                if !LockHolders.areReadersOnFrames(of: path) { return }
            }
            usleep(500)  // LiteDB's own thread, and rarely: once for 16 MiB that could not start over
            sweep()
        }
    }

    /// How long writers may wait for readers: the longer the nearer the WAL is to its bound of 64 MiB. On a machine
    /// without idle cores another process needs many milliseconds to end its idle snapshots. For a long read of this
    /// process, which will not end just now, they do not wait at all.
    static func patience(withFrames count: Int, oldestRead: Duration?) -> Duration {
        if let oldestRead, oldestRead > .milliseconds(100) { return .zero }
        return switch count {
        case ..<8192: .milliseconds(10)
        case ..<12_288: .milliseconds(50)
        default: .milliseconds(150)
        }
    }

    private func copy() throws {
        var logged: Int32 = 0
        var copied: Int32 = 0
        let code = sqlite3_wal_checkpoint_v2(copier.handle, "main", SQLITE_CHECKPOINT_PASSIVE, &logged, &copied)
        // BUSY: another connection checkpoints, a foreign one or the last close of another process.
        guard code == SQLITE_OK || code == SQLITE_BUSY else {
            throw copier.error(code, doing: "Checkpointing \(path)")
        }
    }

    private func withWriteLock<Result>(_ body: () throws -> Result) throws -> Result {
        let deadline = MonotonicTime.now + .seconds(5)
        let hasGate = gate.enter(until: deadline)
        defer { if hasGate { gate.leave() } }
        barrier.deadline = MonotonicTime.now + .seconds(5)
        try barrier.run("BEGIN IMMEDIATE", doing: "Taking the write lock for a checkpoint of \(path)")
        let taken = MonotonicTime.now
        defer {
            stoppedWriters += MonotonicTime.now.since(taken)
            if !barrier.isInAutocommit {
                // ROLLBACK of a transaction that wrote nothing cannot fail.
                _ = sqlite3_exec(barrier.handle, "ROLLBACK", nil, nil, nil)
            }
        }
        return try body()
    }

    private func endPin() {
        guard !pin.isInAutocommit else { return }
        // COMMIT of a read transaction writes nothing and cannot fail.
        _ = sqlite3_exec(pin.handle, "COMMIT", nil, nil, nil)
    }
}
