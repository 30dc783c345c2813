import CLiteStackSQLite
import Logging
import Synchronization

/// The connections and threads of one file in this process, shared by all `Database` values that were opened on it.
final class DatabaseCore: Sendable {
    let path: String
    let directory: String
    let runDirectory: String
    let identifier: DatabaseIdentifier
    let configuration: Database.Configuration
    let logger: Logger
    let walIndex: WALIndex
    let metrics: DatabaseMetrics
    let hub: CommitHub
    let doorbell: Doorbell
    let factory: ConnectionFactory
    let writer: Writer
    let readers: ReaderPool
    let checkpointer: Checkpointer?
    let scans = ScanPool()
    private let openLock: OpenLock
    private let state = Mutex(State())
    /// Whether there is a failure: read before every call, without the lock.
    private let hasFailed = Atomic<Bool>(false)

    private struct State {
        var failure: DatabaseError?
        var wasTorn = false
        var wasWarnedOfLongRead = false
        var nextRetirement = MonotonicTime.now + .seconds(10)
    }

    /// Opens the file. Blocks: recovery of a large WAL takes long, so this runs on a thread of LiteDB's own.
    init(_ file: DatabaseFile, configuration: Database.Configuration, logger: Logger) throws {
        try LoadedSQLite.check()
        path = file.path
        directory = file.directory
        runDirectory = file.directory + "/run"
        self.configuration = configuration
        self.logger = logger
        let metrics = DatabaseMetrics(path: file.path, factory: configuration.metrics)
        self.metrics = metrics
        let name = DatabaseFile.lastComponent(of: file.path)
        try DatabaseFile.makeDirectory(runDirectory)
        openLock = OpenLock(directory: runDirectory, name: name)
        let damaged = DamagedFile(path: file.path, runDirectory: runDirectory, logger: logger)
        let sentinel = try Self.openFirst(damaged, openLock, configuration)
        guard let identifier = DatabaseFile.identifier(at: file.path) else {
            throw DatabaseError(.cannotOpen, "Opening \(file.path): it vanished while it was opened")
        }
        self.identifier = identifier
        sentinel.identifier = identifier
        let factory = ConnectionFactory(
            path: file.path, configuration: configuration, identifier: identifier,
            damageMarker: configuration.isDisposable ? damaged.marker : nil)
        self.factory = factory
        try factory.configure(sentinel)
        let walIndex = try WALIndex(of: sentinel)
        self.walIndex = walIndex
        let hub = CommitHub(walIndex: walIndex)
        self.hub = hub
        let doorbell = Doorbell(directory: runDirectory, name: name)
        self.doorbell = doorbell
        let owner = CoreOwner()
        self.owner = owner
        let readers = try ReaderPool(configuration: configuration) {
            try Reader(
                try factory.connect(readOnly: true).guarded(), of: owner, walIndex: walIndex,
                configuration: configuration)
        }
        self.readers = readers
        let checkpointer =
            configuration.checkpoints == .external
            ? nil
            : try Checkpointer(
                factory: factory, barrier: sentinel, walIndex: walIndex, runDirectory: runDirectory, name: name,
                logger: logger, metrics: metrics, sweep: { readers.sweep() }, ring: { doorbell.ring() },
                oldestRead: { readers.oldestReadStart.map { MonotonicTime.now.since($0) } })
        self.checkpointer = checkpointer
        self.sentinel = sentinel
        writer = try Writer(
            connection: try factory.connect(readOnly: false), of: owner,
            gate: WriteGate(directory: runDirectory, name: name), walIndex: walIndex,
            configuration: configuration, logger: logger, metrics: metrics, checkpointer: checkpointer,
            committing: { hub.willCommit() },
            committed: { before, tables in
                guard hub.didCommit(since: before, tables: tables) else { return }
                doorbell.ring()
                checkpointer?.checkpointIfNeeded()
            })
        checkpointer?.whenFailed { [weak writer] error in
            writer?.fail(.failed(file.path, error))
        }
    }

    /// What a thread's accesses are recognised by; the readers and the writer share it.
    let owner: CoreOwner
    /// Keeps the wal-index mapped for as long as anyone looks at it.
    private let sentinel: Connection

    /// The first connection. A disposable file that is damaged is set aside and made anew, if nobody else has it open.
    private static func openFirst(
        _ file: DamagedFile, _ lock: OpenLock, _ configuration: Database.Configuration
    ) throws -> Connection {
        var isMendable = configuration.isDisposable
        if isMendable, file.isMarked { try file.setAside(lock) { file.isMarked } }
        while true {
            try lock.take(timeout: configuration.busyTimeout)
            DatabaseFile.makePrivate(file.path)
            let found = DatabaseFile.identifier(at: file.path)
            do {
                return try ConnectionFactory.create(path: file.path, configuration: configuration)
            } catch let error as DatabaseError
                where isMendable && (error.code == .damaged || error.code == .notADatabase)
            {
                isMendable = false
                lock.release()
                // Another process may have found the same damage and been first: what it made anew stays.
                try file.setAside(lock) { DatabaseFile.identifier(at: file.path) == found }
            }
        }
    }

    // MARK: Health

    /// The reason why nothing works any more, if there is one.
    var failure: DatabaseError? {
        hasFailed.load(ordering: .acquiring) ? state.withLock { $0.failure } : nil
    }

    /// Lets every later call fail with this error; false if they fail already.
    private func fail(_ error: DatabaseError) -> Bool {
        let isNew = state.withLock { state in
            guard state.failure == nil else { return false }
            state.failure = error
            return true
        }
        hasFailed.store(true, ordering: .releasing)
        return isNew
    }

    /// Whether anyone waits for commits.
    var hasListeners: Bool { hub.hasListeners }

    /// Somebody committed or checkpointed; whether the file was committed to by others.
    @discardableResult
    func doorbellRang() -> Bool {
        let isChanged = hub.lookForForeignCommits()
        readers.sweep()
        return isChanged
    }

    /// A handful of loads. What costs a system call waits for a thorough one, each half second, so that an idle process
    /// stays idle.
    ///
    /// - Returns: Whether anything happens here.
    func tick(isThorough: Bool) -> Bool {
        let now = MonotonicTime.now
        let isWaiting = writer.expireWaiting(at: now)
        writer.gate.interruptIfOverdue(at: now)
        checkpointer?.interruptIfOverdue(at: now)
        noticeTornHeader()
        let isActive = doorbellRang() || isWaiting
        if isActive || isThorough { noticeReplacedFile() }
        guard isThorough else { return isActive }
        metrics.walIs(bytes: DatabaseFile.bytes(at: path + "-wal"))
        checkpointer?.checkpointIfNeeded()
        warnOfLongReads(at: now)
        retireExtraReaders(at: now)
        return isActive
    }

    private func retireExtraReaders(at now: MonotonicTime) {
        let isDue = state.withLock { state in
            guard now >= state.nextRetirement else { return false }
            state.nextRetirement = now + .seconds(10)
            return true
        }
        if isDue { readers.retireExtraReaders() }
    }

    private func noticeReplacedFile() {
        guard DatabaseFile.identifier(at: path) != identifier else { return }
        let error = DatabaseError(
            .replaced,
            "Using \(path): the file is no longer the one that was opened. Close the database and open it again; "
                + "replace a file only while no process has it open")
        guard fail(error) else { return }
        logger.error(
            "the database file was replaced; it takes no more reads or writes",
            metadata: ["litestack.db.path": "\(path)"])
        writer.fail(error)
        hub.close()
    }

    /// A header whose copies differ twice in a row was left by a process that died between them: any read repairs it.
    private func noticeTornHeader() {
        let isTorn = walIndex.isTorn
        let wasTorn = state.withLock { state in
            defer { state.wasTorn = isTorn }
            return state.wasTorn
        }
        guard isTorn, wasTorn else { return }
        _ = scans.run { [weak self] in
            guard let self else { return }
            do {
                try self.readers.withReader { reader in
                    reader.endSnapshot()  // a kept one would be used again: the header's first copy is the same
                    try reader.read { snapshot in
                        _ = try snapshot.first("SELECT count(*) FROM sqlite_schema", as: Int.self)
                    }
                }
            } catch {
                self.logger.warning("repairing the wal-index failed", metadata: ["error": "\(error)"])
            }
        }
    }

    private func warnOfLongReads(at now: MonotonicTime) {
        let oldest = readers.oldestReadStart
        let isLong = oldest.map { now.since($0) > configuration.longReadThreshold } ?? false
        let isGrowing = walIndex.frameCount > configuration.checkpointThreshold * 2
        let isHeldBack = isLong && isGrowing && walIndex.backfilledCount < walIndex.frameCount
        let warns = state.withLock { state in
            defer { state.wasWarnedOfLongRead = isHeldBack }
            return isHeldBack && !state.wasWarnedOfLongRead
        }
        guard warns, let oldest else { return }
        logger.warning(
            "a read has been open for long and keeps the WAL from starting over",
            metadata: [
                "litestack.db.path": "\(path)", "litestack.db.seconds": "\(now.since(oldest).seconds)",
                "litestack.db.wal_frames": "\(walIndex.frameCount)",
            ])
    }

    // MARK: The end

    /// Finishes what waits and closes everything. Blocks.
    func shutDown() {
        _ = fail(.closed(path))
        hub.close()
        writer.stop()
        scans.stop()
        checkpointer?.stop()
        Housekeeper.shared.remove(self)
        readers.close()
        if checkpointer?.hasFailedSync == true {
            // The last close would copy only what no checkpoint has copied yet, and then delete the WAL: the only good
            // copy of what the failed fsync lost. The next open recovers all of it.
            litestack_db_config(sentinel.handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        }
        sentinel.close()
        openLock.release()
    }
}

/// The identity that a core's connections carry.
final class CoreOwner: Sendable {}
