public import Logging
import Synchronization

/// An SQLite file, tuned for a server: reads on the caller's thread, writes committed in groups, and a signal to every
/// process after each commit.
///
/// ```swift
/// let database = try await Database.open(at: "data/app.sqlite3")
/// try await database.write { transaction in
///     try transaction.execute("INSERT INTO notes (body) VALUES (\(body))")
/// }
/// let count = try database.read { snapshot in
///     try snapshot.first("SELECT count(*) FROM notes", as: Int.self)
/// }
/// ```
///
/// Opening the same file twice in one process gives the same connections. An existing file is turned to WAL mode.
public final class Database: Sendable {
    let core: DatabaseCore
    private let isClosed = Atomic<Bool>(false)

    private init(core: DatabaseCore) {
        self.core = core
    }

    deinit {
        // Forgotten, not closed: the connections must end all the same, and closing blocks.
        guard !isClosed.exchange(true, ordering: .sequentiallyConsistent) else { return }
        let core = core
        WorkerThread.detached(name: "litedb-close") { DatabaseRegistry.shared.close(core) }
    }

    /// Opens the file at `path`, which is made if it is missing, with its folder (private, mode 0700).
    ///
    /// Recovery after a crash happens here, on a thread of LiteDB's own.
    ///
    /// - Parameters:
    ///   - path: The file's path, relative or absolute. Symbolic links are resolved.
    ///   - configuration: How to open it. If this process has the file open already, the first configuration stays.
    ///   - logger: For warnings about slow writes and long reads.
    /// - Throws: `DatabaseError`: `cannotOpen`, `notADatabase`, `damaged`, `readOnly`, `unsupportedFileSystem`,
    ///   `hardLinked`, `busy`, `twoSQLites`. A file that is refused was not changed.
    public static func open(
        at path: String, configuration: Configuration = Configuration(), logger: Logger = .current
    ) async throws -> Database {
        try await WorkerThread.run(name: "litedb-open") {
            try openBlocking(path, configuration, logger)
        }
    }

    /// Opens the file at `path` on the calling thread. For scripts and tests; see ``open(at:configuration:logger:)``.
    @available(*, noasync, message: "use `try await Database.open(at:)`")
    public static func openBlocking(
        at path: String, configuration: Configuration = Configuration(), logger: Logger = .current
    ) throws -> Database {
        try openBlocking(path, configuration, logger)
    }

    private static func openBlocking(
        _ path: String, _ configuration: Configuration, _ logger: Logger
    ) throws -> Database {
        Database(core: try DatabaseRegistry.shared.open(path: path, configuration: configuration, logger: logger))
    }

    /// Finishes the writes that wait, then closes. Later calls throw `.closed`; closing twice does nothing.
    ///
    /// If the file was opened several times in this process, the last close closes it.
    public func close() async {
        guard !isClosed.exchange(true, ordering: .sequentiallyConsistent) else { return }
        let core = core
        // Closing throws nothing; the thread is only there to block.
        try? await WorkerThread.run(name: "litedb-close") { DatabaseRegistry.shared.close(core) }
    }

    /// The file's absolute path.
    public var path: String { core.path }

    /// The folder that holds the file.
    public var directory: String { core.directory }

    /// The folder of locks and doorbells beside the file: hints and proofs of life, never data.
    public var runDirectory: String { core.runDirectory }

    /// Which file it is.
    public var identifier: DatabaseIdentifier { core.identifier }

    /// The state of the file now: see ``ChangeToken``. A few nanoseconds, no lock, no system call.
    public func changeToken() -> ChangeToken {
        ChangeToken(header: core.walIndex.header())
    }

    /// An element after commits by any process; the first at once.
    public func commits() -> CommitSequence {
        CommitSequence(hub: core.hub, tables: nil)
    }

    /// An element after commits that wrote one of these tables; the first at once.
    ///
    /// Triggers and foreign key actions count. Of a commit by another process it is not known which tables it wrote,
    /// so each of those is an element.
    public func changes(in tables: some Sequence<String>) -> CommitSequence {
        CommitSequence(hub: core.hub, tables: Set(tables.map { $0.lowercased() }))
    }

    /// Whether nothing was committed since the token was taken. A few nanoseconds, no lock, no system call.
    ///
    /// - Throws: `DatabaseError` with `closed` or `replaced`.
    package func isCurrent(_ token: ChangeToken) throws -> Bool {
        try checkUsable()
        return core.walIndex.matches(token.header)
    }

    /// Tells the next open of a disposable file to set this one aside: a component found in it what cannot be.
    package func noteDamage() {
        DamagedFile.mark(DamagedFile.marker(of: core.path, in: core.runDirectory))
    }

    /// Throws if the database is closed, or its file was replaced.
    package func checkUsable() throws {
        if isClosed.load(ordering: .relaxed) { throw DatabaseError.closed(core.path) }
        if let failure = core.failure { throw failure }
    }
}
