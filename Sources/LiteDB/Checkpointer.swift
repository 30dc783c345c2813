import CLiteStackSQLite
import Logging
import Synchronization

/// Keeps the WAL small. What a checkpoint does, and why, is in `Checkpointer+Phases.swift`.
///
/// `@unchecked Sendable`: the flags are guarded by the monitor, the connections are used by the thread alone.
final class Checkpointer: @unchecked Sendable {
    let barrier: Connection
    let pin: Connection
    let copier: Connection
    let gate: WriteGate
    let walIndex: WALIndex
    let path: String
    private let lockPath: String
    let threshold: Int
    private let logger: Logger
    private let metrics: DatabaseMetrics
    let sweep: @Sendable () -> Void
    let ring: @Sendable () -> Void
    /// How long the oldest read of this process has been running, if one runs.
    let oldestRead: @Sendable () -> Duration?
    /// Told when checkpoints have ended for good. Set once, before the first.
    private let failed = Mutex<(@Sendable (DatabaseError) -> Void)?>(nil)

    private let monitor = Monitor()
    private var isRequested = false
    private var isStopping = false
    private var thread: WorkerThread?
    /// After a checkpoint that readers held back: how many frames there must be before the next try.
    private let retryAt = Atomic<Int>(0)
    /// How many there were when that was decided.
    private let retrySetAt = Atomic<Int>(0)
    private let overdue = Atomic<Bool>(false)
    private let isAtWork = Atomic<Bool>(false)
    private let hasLostPages = Atomic<Bool>(false)
    /// After a checkpoint that readers held back: until when the next one waits, in monotonic nanoseconds.
    let restsUntil = Atomic<UInt64>(0)
    /// Used by the checkpoint that runs alone.
    var rest = CheckpointRest()
    /// For how long the checkpoint that runs has stopped the writers.
    var stoppedWriters = Duration.zero
    private static let farBehindFrameCount = 8192
    /// SQLITE_IOERR_FSYNC.
    private static let failedSync = SQLITE_IOERR | (4 << 8)

    init(
        factory: ConnectionFactory, barrier: Connection, walIndex: WALIndex, runDirectory: String, name: String,
        logger: Logger, metrics: DatabaseMetrics, sweep: @escaping @Sendable () -> Void,
        ring: @escaping @Sendable () -> Void,
        oldestRead: @escaping @Sendable () -> Duration?
    ) throws {
        self.barrier = barrier
        pin = try factory.connect(readOnly: true)
        copier = try factory.connect(readOnly: false)
        gate = WriteGate(directory: runDirectory, name: name)
        self.walIndex = walIndex
        path = factory.path
        lockPath = "\(runDirectory)/\(name).checkpoint"
        threshold = factory.configuration.checkpointThreshold
        self.logger = logger
        self.metrics = metrics
        self.sweep = sweep
        self.ring = ring
        self.oldestRead = oldestRead
    }

    /// Whether a checkpoint failed in fsync, so that the WAL holds the only good copy of some pages.
    var hasFailedSync: Bool { hasLostPages.load(ordering: .acquiring) }

    /// Sets whom to tell when an I/O error ends checkpoints for good.
    func whenFailed(_ tell: @escaping @Sendable (DatabaseError) -> Void) {
        failed.withLock { $0 = tell }
    }

    /// Starts a checkpoint on its own thread if the WAL has grown to the threshold. Two loads if it has not.
    @inline(__always)
    func checkpointIfNeeded() {
        let frames = walIndex.frameCount
        guard frames - walIndex.backfilledCount >= threshold else { return }
        // A WAL that is shorter than it was has started over: what held it back is gone.
        if frames < retrySetAt.load(ordering: .relaxed) {
            retryAt.store(0, ordering: .relaxed)
            restsUntil.store(0, ordering: .relaxed)
        }
        guard frames >= retryAt.load(ordering: .relaxed), !isResting else { return }
        request()
    }

    private func request() {
        monitor.withLock {
            guard !isRequested, !isStopping else { return }
            isRequested = true
            if thread == nil { thread = WorkerThread(name: "litedb-check") { [self] in loop() } }
            monitor.signal()
        }
    }

    /// Whether so much waits to be copied that writers should let the checkpoint that runs catch up: 32 MiB.
    var isFarBehind: Bool {
        walIndex.frameCount - walIndex.backfilledCount >= max(threshold * 2, Self.farBehindFrameCount)
            && isAtWork.load(ordering: .relaxed)
    }

    /// Waits while the checkpointer is far behind and at work: for its own work only, never for a reader that holds it
    /// back. At most a second for each group of writes.
    func waitWhileFarBehind() {
        guard isFarBehind else { return }
        let limit = MonotonicTime.now + .seconds(1)
        monitor.withLock {
            while isFarBehind, MonotonicTime.now < limit {
                _ = monitor.wait(until: MonotonicTime.now + .milliseconds(10))
            }
        }
    }

    /// Interrupts a wait in the gate that has passed its deadline.
    func interruptIfOverdue(at now: MonotonicTime) {
        gate.interruptIfOverdue(at: now)
    }

    /// Ends the thread. Blocks until a running checkpoint is done.
    func stop() {
        let running = monitor.withLock {
            isStopping = true
            monitor.broadcast()
            return thread
        }
        running?.join()
        monitor.withLock { thread = nil }
        pin.close()
        copier.close()
    }

    private func loop() {
        while true {
            let goesOn = monitor.withLock {
                while !isRequested, !isStopping { monitor.wait() }
                return !isStopping
            }
            guard goesOn else { return }
            isAtWork.store(true, ordering: .relaxed)
            do {
                try checkpoint()
            } catch {
                handle(error)
            }
            isAtWork.store(false, ordering: .relaxed)
            monitor.withLock {
                isRequested = false
                monitor.broadcast()
            }
        }
    }

    /// After a failed fsync nothing is checkpointed any more: it is reported once, pages that it lost count as written,
    /// and a checkpoint that completes after it would let the WAL, the only good copy, start over. A failed write is
    /// made again by the next checkpoint.
    private func handle(_ error: any Error) {
        if let error = error as? DatabaseError, error.sqliteCode == Self.failedSync {
            hasLostPages.store(true, ordering: .releasing)
            monitor.withLock { isStopping = true }
            logger.error(
                "a checkpoint failed in fsync; the database takes no more writes until it is reopened",
                metadata: ["litestack.db.path": "\(path)", "error": "\(error)"])
            failed.withLock { $0 }?(error)
            return
        }
        logger.warning(
            "a checkpoint failed; writing goes on and the WAL grows",
            metadata: ["litestack.db.path": "\(path)", "error": "\(error)"])
        holdBack(until: walIndex.frameCount + threshold)
    }

    private func holdBack(until frames: Int) {
        retrySetAt.store(walIndex.frameCount, ordering: .relaxed)
        retryAt.store(frames, ordering: .relaxed)
    }

    // MARK: One checkpoint

    /// Runs a whole checkpoint, unless another process is at it.
    func checkpoint() throws {
        let lock = litestack_open(lockPath, O_RDWR | O_CREAT, 0o600)
        defer { if lock >= 0 { close(lock) } }
        if lock >= 0, litestack_flock(lock, LOCK_EX | LOCK_NB) != 0 {
            retryAt.store(0, ordering: .relaxed)
            return
        }
        guard !isRestAgreed(by: lock) else { return }
        let started = MonotonicTime.now
        defer { metrics.checkpointDuration.record(since: started) }
        stoppedWriters = .zero
        sweep()
        var rounds = 0
        while rounds < 3, walIndex.frameCount - walIndex.backfilledCount > 500 {
            rounds += 1
            guard try copyBesideWriters() else { break }
        }
        let left = try finishUnderWriteLock()
        holdBack(until: left > 0 ? walIndex.frameCount + threshold / 4 : 0)
        agreeOnRest(rest.after(stoppingFor: stoppedWriters, isHeldBack: left > 0), by: lock)
        warnIfHeldBack(left)
        ring()
    }

    private func warnIfHeldBack(_ left: Int) {
        let isBehind = left >= threshold * 4
        let wasBehind = overdue.exchange(isBehind, ordering: .relaxed)
        guard isBehind, !wasBehind else { return }
        logger.warning(
            "the WAL grows because an old snapshot holds it back; writing goes on. Make long reads shorter",
            metadata: [
                "litestack.db.path": "\(path)", "litestack.db.wal_frames": "\(walIndex.frameCount)",
                "litestack.db.backfilled": "\(walIndex.backfilledCount)",
                "litestack.db.held_by": "\(LockHolders.description(ofReadersOf: path))",
            ])
    }
}
