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
    /// How many extra readers are being opened.
    private var openingCount = 0
    private var wasExtraUsed = false
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

    /// Since when the oldest snapshot is held that a read uses now, if there is one.
    var oldestReadStart: MonotonicTime? {
        all.compactMap(\.readStart).min()
    }

    /// All readers there are now.
    var all: [Reader] { base + extraReaders }

    private var extraReaders: [Reader] { monitor.withLock { extra } }

    /// Closes the extra readers if none was needed since the last call. For the housekeeper, every few seconds.
    func retireExtraReaders() {
        let retired: [Reader] = monitor.withLock {
            defer { wasExtraUsed = false }
            guard !wasExtraUsed, !isClosed, !extra.isEmpty else { return [] }
            let idle = extra.filter { $0.take() }
            extra.removeAll { reader in idle.contains { $0 === reader } }
            return idle
        }
        for reader in retired { reader.close() }
    }

    /// Closes the readers, each as soon as the read that has it is over. Blocks.
    func close() {
        monitor.withLock {
            isClosed = true
            while openingCount > 0 { _ = monitor.wait(until: MonotonicTime.now + .milliseconds(5)) }
        }
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
        let idle: Reader? = try monitor.withLock {
            wasExtraUsed = true
            while true {
                if isClosed { throw DatabaseError(.closed, "Reading: the database was closed") }
                for reader in base + extra where reader.take() { return reader }
                if base.count + extra.count + openingCount < limit {
                    openingCount += 1
                    return nil
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
        return try idle ?? openExtra()
    }

    /// Opens one more, without the lock: opening can wait, and whoever sweeps must not.
    private func openExtra() throws -> Reader {
        defer { monitor.withLock { openingCount -= 1 } }
        let reader = try makeReader()
        _ = reader.take()
        monitor.withLock { extra.append(reader) }
        return reader
    }

    private func wakeWaiter() {
        monitor.withLock { monitor.signal() }
    }
}
