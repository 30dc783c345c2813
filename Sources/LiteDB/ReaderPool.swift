import CLiteStackSQLite
import Synchronization

/// The readers of one database: as many as configured, then more up to a limit, then waiting until the deadline.
///
/// `@unchecked Sendable`: `extra` and `waiters` are guarded by the monitor; `base` never changes.
final class ReaderPool: @unchecked Sendable {
    private let base: [Reader]
    private let makeReader: () throws -> Reader
    private let limit: Int
    private let timeout: Duration
    private let monitor = Monitor()
    private var extra: [Reader] = []
    private var isClosed = false
    private let waiters = Atomic<Int>(0)

    init(configuration: Database.Configuration, makeReader: @escaping () throws -> Reader) throws {
        base = try (0..<max(1, configuration.readerCount)).map { _ in try makeReader() }
        limit = max(configuration.maximumReaderCount, base.count)
        timeout = configuration.busyTimeout
        self.makeReader = makeReader
    }

    /// Runs `body` with a reader that no one else has.
    @inline(__always)
    func withReader(_ body: (Reader) throws -> Void) throws {
        let reader = try take()
        defer {
            reader.giveBack()
            if waiters.load(ordering: .relaxed) > 0 { wakeWaiter() }
        }
        try body(reader)
    }

    /// Ends the idle snapshots that may not be used again.
    func sweep() {
        for reader in base { reader.sweep() }
        for reader in extraReaders { reader.sweep() }
    }

    /// Since when the oldest snapshot is held, if there is one.
    var oldestSnapshotStart: MonotonicTime? {
        var oldest: MonotonicTime?
        func look(at reader: Reader) {
            guard let start = reader.snapshotStart else { return }
            oldest = min(oldest ?? start, start)
        }
        for reader in base { look(at: reader) }
        for reader in extraReaders { look(at: reader) }
        return oldest
    }

    /// All readers there are now.
    var all: [Reader] { base + extraReaders }

    private var extraReaders: [Reader] { monitor.withLock { extra } }

    /// Closes the readers, each as soon as the read that has it is over. Blocks.
    func close() {
        monitor.withLock { isClosed = true }
        for reader in all {
            monitor.withLock {
                // A reader given back without a signal is found by the next round.
                while !reader.take() { _ = monitor.wait(until: MonotonicTime.now + .milliseconds(5)) }
            }
            reader.close()
        }
    }

    @inline(__always)
    private func take() throws -> Reader {
        // The one that this thread had last: its page cache is warm, and no other thread is after it.
        guard let thread = litestack_current_thread() else { return try takeExtra() }
        let last = Int(thread.pointee.reader)
        if last < base.count, base[last].take() { return base[last] }
        for index in base.indices where base[index].take() {
            thread.pointee.reader = UInt32(index)
            return base[index]
        }
        return try takeExtra()
    }

    private func takeExtra() throws -> Reader {
        let started = MonotonicTime.now
        waiters.wrappingAdd(1, ordering: .sequentiallyConsistent)
        defer { waiters.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
        return try monitor.withLock {
            while true {
                if isClosed { throw DatabaseError(.closed, "Reading: the database was closed") }
                for reader in base + extra where reader.take() { return reader }
                if base.count + extra.count < limit {
                    let reader = try makeReader()  // the lock is held: a reader is opened rarely, and bounded
                    _ = reader.take()
                    extra.append(reader)
                    return reader
                }
                if MonotonicTime.now >= started + timeout {
                    throw DatabaseError(
                        .busy,
                        "Reading: all \(limit) readers were in use for \(timeout.seconds) s. Make reads shorter, use "
                            + "`scan` for long ones, or raise `maximumReaderCount`")
                }
                // A reader given back without a signal is found by the next round.
                _ = monitor.wait(until: MonotonicTime.now + .milliseconds(20))
            }
        }
    }

    private func wakeWaiter() {
        monitor.withLock { monitor.signal() }
    }
}
