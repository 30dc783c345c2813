import LiteDB
import Logging

extension CacheCore {
    /// Opens the file; if it cannot be used and is not to be touched, the core is degraded.
    ///
    /// - Throws: `DatabaseError`; `CacheError` with `degraded`.
    static func open(
        at path: String, tagsIn application: Database?, _ configuration: Cache.Configuration, _ logger: Logger
    ) async throws -> CacheCore {
        // First, since a damaged application's file is an error, and no reason to do without a cache.
        if let application { try await application.prepare(TagSchema.tables) }
        do {
            return try await onFile(path, application, configuration, logger)
        } catch let error as DatabaseError where isUnusable(error) {
            // The statement that found damage has left a mark: this time the file is set aside if nobody has it open.
        }
        do {
            return try await onFile(path, application, configuration, logger)
        } catch let error as DatabaseError where isUnusable(error) {
            logger.warning(
                """
                The cache's file cannot be used: this process does without, every value is computed, and changes fail. Stop \
                all processes that have it open and start them again: then a damaged file is set aside. One of a newer \
                release needs that release, or to be removed meanwhile
                """, metadata: ["path": "\(path)", "error": "\(error)"])
            return try await degraded(application, configuration, logger)
        }
    }

    private static func isUnusable(_ error: DatabaseError) -> Bool {
        error.code == .damaged || error.code == .notADatabase || error.code == .schemaTooNew
    }

    private static func onFile(
        _ path: String, _ application: Database?, _ configuration: Cache.Configuration, _ logger: Logger
    ) async throws -> CacheCore {
        var settings = Database.Configuration()
        settings.durability = .normal
        settings.isDisposable = true
        let database = try await Database.open(at: path, configuration: settings, logger: logger)
        do {
            let core = try await CacheCore(
                database, tagsIn: application ?? database, configuration, logger, ownsDatabase: true)
            try await core.forgetOthers()
            return core
        } catch {
            await database.close()
            throw error
        }
    }

    /// Reads find an empty file of this process's own, and nothing is ever written to it: what was, would go stale, since
    /// nobody can tell this process what another changes.
    private static func degraded(
        _ application: Database?, _ configuration: Cache.Configuration, _ logger: Logger
    ) async throws -> CacheCore {
        let folder = try PrivateFolder()
        var settings = Database.Configuration()
        settings.durability = .normal
        let database = try await Database.open(
            at: folder.path + "/cache.sqlite3", configuration: settings, logger: logger)
        do {
            return try await CacheCore(
                database, tagsIn: application ?? database, configuration, logger, ownsDatabase: true,
                insteadOfFile: folder)
        } catch {
            await database.close()
            throw error
        }
    }

    // MARK: Refusing

    /// - Throws: `CacheError` with `degraded` if the cache is.
    func checkWritable() throws {
        if isDegraded { throw degraded }
    }

    var degraded: CacheError {
        CacheError(
            .degraded,
            "Changing the cache: its file is damaged, was removed, or is of a newer release, so nothing is stored. Stop all "
                + "processes that have it open and start them again, or go on without a cache")
    }

    /// The same, if the tags are in the file that cannot be used.
    func checkTagsWritable() throws {
        if tags.database === database { try checkWritable() }
    }
}
