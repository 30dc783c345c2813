import CLiteStackSQLite
import Synchronization

/// Copies a database, as one snapshot has it, into a new file, by SQLite's backup API in steps
/// (https://sqlite.org/backup.html).
///
/// The source connection holds one snapshot throughout, so that commits do not start the copy over.
struct Backup {
    let source: Connection
    let destination: String

    /// Pages of one step: between steps a cancelled caller is noticed.
    private static let stepPageCount: Int32 = 1024

    /// Copies, makes it durable and moves it to its place. Blocks.
    func run(replacing: Bool, isCancelled: () -> Bool) throws {
        try checkDestination(replacing: replacing)
        let partial = "\(destination).partial-\(UInt64.random(in: .min ... .max))"
        var isInPlace = false
        defer {
            if !isInPlace { unlink(partial) }
        }
        try copy(to: partial, isCancelled: isCancelled)
        try Self.sync(partial, O_RDONLY)
        try removeLeftovers()
        guard rename(partial, destination) == 0 else { throw failure("Moving the backup to \(destination)") }
        isInPlace = true
        try Self.sync(DatabaseFile.parent(of: destination), O_RDONLY | O_DIRECTORY)
    }

    private func checkDestination(replacing: Bool) throws {
        if !replacing, let suffix = Self.companions.first(where: { access(destination + $0, F_OK) == 0 }) {
            throw DatabaseError(
                .cannotOpen,
                "Backing up to \(destination): \(destination)\(suffix) of an older database is there. Remove it, give "
                    + "another name, or pass `replacing: true`")
        }
        guard let existing = DatabaseFile.identifier(at: destination) else { return }
        guard existing != source.identifier else {
            throw DatabaseError(.cannotOpen, "Backing up to \(destination): that is the database itself")
        }
        guard replacing else {
            throw DatabaseError(
                .cannotOpen,
                "Backing up to \(destination): there is a file already. Give another name, or pass `replacing: true`")
        }
    }

    /// The names of what may lie beside a database: SQLite would replay an old WAL onto the new file.
    private static let companions = ["-wal", "-shm", "-journal"]

    private func removeLeftovers() throws {
        for suffix in Self.companions {
            guard unlink(destination + suffix) == 0 || litestack_errno() == ENOENT else {
                throw failure("Removing \(destination)\(suffix)")
            }
        }
        // Gone for good before the new file has their name.
        try Self.sync(DatabaseFile.parent(of: destination), O_RDONLY | O_DIRECTORY)
    }

    private func copy(to partial: String, isCancelled: () -> Bool) throws {
        // 0600 from the start: SQLite would make it with the process's umask.
        let made = litestack_open(partial, O_RDWR | O_CREAT | O_EXCL, 0o600)
        guard made >= 0 else { throw failure("Making the backup file \(partial)") }
        close(made)
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(partial, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nil)
        defer { sqlite3_close(opened) }
        guard code == SQLITE_OK, let target = opened else {
            throw DatabaseError.sqlite(code, on: opened, doing: "Opening the backup file \(partial)")
        }
        // A crash leaves a partial file under another name, so the copy needs no journal; it is synced at its end.
        let prepared = sqlite3_exec(target, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", nil, nil, nil)
        guard prepared == SQLITE_OK else { throw DatabaseError.sqlite(prepared, on: target, doing: "Backing up") }
        try source.run("BEGIN", doing: "Backing up \(source.path)")
        defer { _ = sqlite3_exec(source.handle, "COMMIT", nil, nil, nil) }  // a read transaction: nothing to lose
        _ = try source.scalar("SELECT count(*) FROM sqlite_schema")
        guard let backup = sqlite3_backup_init(target, "main", source.handle, "main") else {
            throw DatabaseError.sqlite(sqlite3_errcode(target), on: target, doing: "Backing up \(source.path)")
        }
        var step = SQLITE_OK
        while step == SQLITE_OK, !isCancelled() {
            step = sqlite3_backup_step(backup, Self.stepPageCount)
        }
        let finished = sqlite3_backup_finish(backup)
        if step == SQLITE_OK { throw CancellationError() }
        guard step == SQLITE_DONE, finished == SQLITE_OK else {
            let code = step == SQLITE_DONE ? finished : step
            throw DatabaseError.sqlite(code, on: target, doing: "Backing up \(source.path) to \(destination)")
        }
    }

    private static func sync(_ path: String, _ flags: Int32) throws {
        let descriptor = litestack_open(path, flags, 0)
        guard descriptor >= 0 else { throw failure("Syncing \(path)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 || litestack_errno() == EINVAL else { throw failure("Syncing \(path)") }
    }

    private func failure(_ action: String) -> DatabaseError { Self.failure(action) }

    private static func failure(_ action: String) -> DatabaseError {
        let number = litestack_errno()
        let code: DatabaseError.Code = number == ENOSPC || number == EDQUOT ? .diskFull : .cannotOpen
        return DatabaseError(code, "\(action): \(String(cString: strerror(number)))")
    }
}

extension Database {
    /// Copies the database to a new file while reads and writes go on.
    ///
    /// The copy is the database as it was when the call began. It appears at its path when it is complete and on the
    /// disk, with mode 0600. While it runs it holds one snapshot, so the WAL grows by what is written meanwhile.
    /// Runs on a thread of its own; a cancelled task stops it, and leaves nothing behind.
    ///
    /// - Parameters:
    ///   - path: Where the copy shall be, in a folder that is there.
    ///   - replacing: Whether a file at that path, which no process may have open, is replaced. Default false.
    /// - Throws: `DatabaseError`: `cannotOpen`, `diskFull`, `closed`; `CancellationError`.
    public func backup(to path: String, replacing: Bool = false) async throws {
        try checkUsable()
        let core = core
        let cancelled = CancellationFlag()
        try await withTaskCancellationHandler {
            try await WorkerThread.run(name: "litedb-backup") {
                let source = try core.factory.connect(readOnly: true)
                defer { source.close() }
                try Backup(source: source, destination: path)
                    .run(replacing: replacing, isCancelled: { cancelled.isSet })
            }
        } onCancel: {
            cancelled.set()
        }
    }
}

/// Tells a thread that its caller was cancelled.
private final class CancellationFlag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}
