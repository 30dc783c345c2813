import CLiteStackSQLite
import Logging

/// The one writing connection of a database, and the queue in front of it.
///
/// Writes that wait at the same time are committed together (`Writer+Group.swift`): one fsync serves all of them, and
/// each caller resumes after the commit that holds its write. With `.normal` durability a caller that finds the
/// writer idle runs its own closure itself (`Writer+Alone.swift`), which saves two thread hops.
///
/// `@unchecked Sendable`: the queue and the flags are guarded by the monitor; the connection belongs to whoever set
/// `isBusy`, the writer thread or one inline caller.
final class Writer: @unchecked Sendable {
    let connection: Connection
    let statements: WriterStatements
    let access: ThreadAccess
    let gate: WriteGate
    let walIndex: WALIndex
    let configuration: Database.Configuration
    let logger: Logger
    /// Called after each commit that changed something, with the header from before it and the tables it wrote.
    let committed: @Sendable (WALIndex.Header, Set<String>) -> Void
    /// Called before each COMMIT, so that the housekeeper does not take it for a foreign one.
    let committing: @Sendable () -> Void
    let metrics: DatabaseMetrics
    /// Who bounds the WAL; nil if somebody else does.
    let checkpointer: Checkpointer?

    let monitor = Monitor()
    var queue = WriteQueue()
    var isBusy = false
    /// A group waits for other processes, and looks after its deadlines itself.
    var isBeginning = false
    /// Set when the file takes no more writes, and why.
    var failure: DatabaseError?
    var isStopped = false
    private var thread: WorkerThread?
    /// Whether anything was committed since the file was opened.
    var hasWritten = false
    /// How many writes the next group waits a moment for.
    var expectedGroupCount = 1
    /// Until when no caller writes on its own thread, because many write at once and a group serves them better.
    var prefersGroupsUntil = MonotonicTime(nanoseconds: 0)
    /// How many waiting operations wake the thread: one while it sleeps, a group's worth while it lingers.
    private var wakeCount = Int.max

    init(
        connection: Connection, of core: AnyObject, gate: WriteGate, walIndex: WALIndex,
        configuration: Database.Configuration, logger: Logger, metrics: DatabaseMetrics,
        checkpointer: Checkpointer?, committing: @escaping @Sendable () -> Void,
        committed: @escaping @Sendable (WALIndex.Header, Set<String>) -> Void
    ) throws {
        self.connection = connection
        self.gate = gate
        self.walIndex = walIndex
        self.configuration = configuration
        self.logger = logger
        self.metrics = metrics
        self.checkpointer = checkpointer
        self.committing = committing
        self.committed = committed
        statements = try WriterStatements(on: connection)
        access = ThreadAccess(.write, of: core, on: connection)
    }

    /// Adds an operation; the writer thread is started with the first.
    func enqueue(_ operation: WriteOperation) {
        let refusal: (any Error)? = monitor.withLock {
            if operation.isCancelled { return CancellationError() }
            if isStopped { return DatabaseError.closed(connection.path) }
            if let failure { return failure }
            queue.append(operation)
            if thread == nil { thread = WorkerThread(name: "litedb-writer") { [self] in loop() } }
            if queue.count >= wakeCount { monitor.signal() }
            return nil
        }
        if let refusal { operation.finish(refusal) }
    }

    /// Takes a waiting operation back. One that was started goes on.
    func cancel(_ operation: WriteOperation) {
        let wasWaiting: Bool = monitor.withLock {
            operation.isCancelled = true
            guard operation.state == .waiting, queue.first != nil else { return false }
            let before = queue.count
            queue.remove(operation)
            guard queue.count < before else { return false }
            operation.state = .finished
            return true
        }
        if wasWaiting { operation.finish(CancellationError()) }
    }

    /// Learns from a group how many writers there are. The lock is held.
    ///
    /// With `.full` all of them share the fsync. With `.normal` a commit is cheap, so half of them write while the other
    /// half comes back: the writer and the callers keep two cores busy.
    func learn(fromGroupOf count: Int) {
        let writerCount = count + queue.count
        expectedGroupCount = max(1, configuration.durability == .full ? count : (writerCount + 1) / 2)
        if count >= Self.crowdCount { prefersGroupsUntil = MonotonicTime.now + .milliseconds(1) }
    }

    /// From this group size on, writers are so many that one thread's groups beat a commit for each.
    private static let crowdCount = 4

    /// Takes no more writes, with this error.
    func fail(_ error: DatabaseError) {
        let waiting = monitor.withLock {
            if failure == nil { failure = error }
            return queue.removeAll()
        }
        for operation in waiting { operation.finish(error) }
    }

    /// Finishes what waits, then ends the thread. Blocks.
    func stop() {
        let running = monitor.withLock {
            isStopped = true
            monitor.broadcast()
            return thread
        }
        running?.join()
        // Without a thread nothing can wait; an inline write that is under way ends by itself.
        monitor.withLock {
            thread = nil
            while isBusy { _ = monitor.wait(until: MonotonicTime.now + .milliseconds(5)) }
        }
        optimize()
        connection.close()
    }

    /// Brings the planner's statistics up to date (https://sqlite.org/lang_analyze.html#recommended_usage_patterns).
    private func optimize() {
        guard hasWritten, failure == nil else { return }
        connection.deadline = MonotonicTime(nanoseconds: 0)
        // Statistics that are missed now are made at the next close; nothing depends on them.
        try? connection.run("PRAGMA analysis_limit = 400; PRAGMA optimize", doing: "Optimising")
    }

    // MARK: The thread

    private func loop() {
        while waitForWork() {
            checkpointer?.waitWhileFarBehind()
            runGroup()
            monitor.withLock { isBusy = false }
        }
    }

    /// Waits until something is queued and the connection is free, and takes the connection. False at the end.
    private func waitForWork() -> Bool {
        monitor.withLock {
            while isBusy || queue.isEmpty {
                if isStopped, queue.isEmpty, !isBusy { return false }
                wakeCount = 1
                monitor.wait()
            }
            lingerForGroup()
            wakeCount = .max
            isBusy = true
            return true
        }
    }

    /// Under load the callers of the last group come back within microseconds of each other: wait for them, at most
    /// a fraction of what a commit costs, so that one fsync serves them all. The lock is held.
    private func lingerForGroup() {
        guard expectedGroupCount > 1, queue.count < expectedGroupCount else { return }
        let limit = MonotonicTime.now + configuration.groupLinger
        wakeCount = expectedGroupCount
        while queue.count < expectedGroupCount, !isStopped, !isBusy {
            if !monitor.wait(until: limit) { break }
        }
        // An inline caller may have taken the connection meanwhile.
        wakeCount = 1
        while isBusy { _ = monitor.wait(until: MonotonicTime.now + .milliseconds(5)) }
    }
}

extension DatabaseError {
    static func closed(_ path: String) -> DatabaseError {
        DatabaseError(.closed, "Using \(path): it was closed. Open it again, or close it later")
    }
}
