import Logging

/// The open files of this process. Opening a path twice must give the same connections: SQLite's POSIX locks belong
/// to the process, not to the one who opened.
///
/// `@unchecked Sendable`: everything is guarded by the monitor.
final class DatabaseRegistry: @unchecked Sendable {
    static let shared = DatabaseRegistry()

    private struct Entry {
        let core: DatabaseCore
        var useCount: Int
    }

    private let monitor = Monitor()
    private var entries: [DatabaseIdentifier: Entry] = [:]
    /// The paths that are being opened or closed, which can take long.
    private var pending: Set<String> = []

    /// The core of the file, opened if this is its first use. Blocks, also while somebody opens or closes this file.
    func open(path: String, configuration: Database.Configuration, logger: Logger) throws -> DatabaseCore {
        let file = try DatabaseFile.prepare(path, allowsUnsafe: configuration.allowsUnsafeFiles)
        let known: DatabaseCore? = try monitor.withLock {
            while pending.contains(file.path) { monitor.wait() }
            if let core = try use(file, configuration) { return core }
            pending.insert(file.path)
            return nil
        }
        if let known { return known }
        defer { settle(file.path) }
        let core = try DatabaseCore(file, configuration: configuration, logger: logger)
        monitor.withLock { entries[core.identifier] = Entry(core: core, useCount: 1) }
        Housekeeper.shared.add(core)
        return core
    }

    /// Ends one use; the last one closes the file. Blocks.
    func close(_ core: DatabaseCore) {
        let isLast = monitor.withLock {
            guard var entry = entries[core.identifier], entry.core === core else { return false }
            entry.useCount -= 1
            entries[core.identifier] = entry.useCount > 0 ? entry : nil
            if entry.useCount == 0 { pending.insert(core.path) }
            return entry.useCount == 0
        }
        guard isLast else { return }
        core.shutDown()
        settle(core.path)
    }

    /// One more use of a file that is open. The lock is held.
    private func use(_ file: DatabaseFile, _ configuration: Database.Configuration) throws -> DatabaseCore? {
        guard let identifier = DatabaseFile.identifier(at: file.path), var entry = entries[identifier] else {
            return nil
        }
        guard entry.core.configuration.durability == configuration.durability else {
            throw DatabaseError(
                .cannotOpen,
                "Opening \(file.path): this process has it open with another durability. Use that one")
        }
        entry.useCount += 1
        entries[identifier] = entry
        return entry.core
    }

    private func settle(_ path: String) {
        monitor.withLock {
            pending.remove(path)
            monitor.broadcast()
        }
    }
}
