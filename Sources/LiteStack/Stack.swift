public import LiteCable
public import LiteCache
public import LiteDB
public import LiteJobs
public import Logging
public import ServiceLifecycle
import Synchronization

/// All parts of LiteStack on one folder: the database, jobs and messages in `app.sqlite3`, the cache in
/// `cache.sqlite3`.
///
/// ```swift
/// let stack = try await Stack.open(at: "data")
/// stack.addWorker { handlers in
///     handlers.handle(StyleDrawing.self) { job, context in … }
/// }
/// let application = Application(router: router, services: [stack])
/// try await application.runService()
/// ```
///
/// Everything works without `run()`, which adds the workers; so a script opens a stack, uses it, and closes it.
public final class Stack: Service {
    /// The application's database. Its transactions can take jobs and messages with them.
    public let db: Database
    /// The cache, in a file of its own.
    public let cache: Cache
    /// The job queue, in the application's database.
    public let jobs: JobQueue
    /// Messages, in the application's database.
    public let cable: Cable
    /// The folder's absolute path, with symbolic links resolved.
    public let folder: String

    private let logger: Logger
    private let temporaryFolder: TemporaryFolder?
    private let workers = Mutex<Workers>(.waiting([]))

    private enum Workers {
        case waiting([Worker])
        case running
    }

    private init(
        folder: String, temporaryFolder: TemporaryFolder?, db: Database, cache: Cache, jobs: JobQueue, cable: Cable,
        logger: Logger
    ) {
        self.folder = folder
        self.temporaryFolder = temporaryFolder
        self.db = db
        self.cache = cache
        self.jobs = jobs
        self.cable = cable
        self.logger = logger
    }

    /// Opens the stack in a folder, which is made if it is missing, and made private (mode 0700) in any case.
    ///
    /// - Parameters:
    ///   - folder: Relative or absolute. On a local file system.
    ///   - configuration: How to set up the parts.
    ///   - logger: For all parts.
    /// - Throws: `StackError` with `folder`; `DatabaseError`. What was opened before is closed again.
    public static func open(
        at folder: String, configuration: Configuration = Configuration(), logger: Logger = .current
    ) async throws -> Stack {
        try StackFolder.prepare(folder)
        return try await open(folder, nil, configuration, logger)
    }

    /// Opens a stack in a folder of its own that vanishes with it: for tests. Real files, with all that they do.
    ///
    /// Close it, so that the folder is removed at a known time; if the process is killed, the folder stays in the
    /// system's temporary one.
    ///
    /// - Throws: As ``open(at:configuration:logger:)``.
    public static func temporary(
        configuration: Configuration = Configuration(), logger: Logger = .current
    ) async throws -> Stack {
        let temporaryFolder = TemporaryFolder(path: try StackFolder.makeTemporary())
        return try await open(temporaryFolder.path, temporaryFolder, configuration, logger)
    }

    private static func open(
        _ folder: String, _ temporaryFolder: TemporaryFolder?, _ configuration: Configuration, _ logger: Logger
    ) async throws -> Stack {
        let db = try await Database.open(
            at: folder + "/app.sqlite3", configuration: configuration.database, logger: logger)
        do {
            let jobs = try await JobQueue(db, configuration: configuration.jobs, logger: logger)
            let cable = try await Cable(db, configuration: configuration.cable, logger: logger)
            let cache = try await Cache.open(
                at: folder + "/cache.sqlite3", tagsIn: db, configuration: configuration.cache, logger: logger)
            return Stack(
                folder: db.directory, temporaryFolder: temporaryFolder, db: db, cache: cache, jobs: jobs, cable: cable,
                logger: logger)
        } catch {
            await db.close()
            throw error
        }
    }

    /// Adds a worker that ``run()`` runs. See `JobQueue.worker(queues:order:concurrency:_:)`.
    ///
    /// - Precondition: ``run()`` was not called yet.
    public func addWorker(
        queues: [WorkerQueue] = ["default"], order: WorkerOrder = .strict, concurrency: Int = 4,
        _ register: (inout JobHandlers) -> Void
    ) {
        let worker = jobs.worker(queues: queues, order: order, concurrency: concurrency, register)
        workers.withLock { workers in
            guard case .waiting(let waiting) = workers else {
                preconditionFailure("a worker was added to a stack that runs already; add it before `run()`")
            }
            workers = .waiting(waiting + [worker])
        }
    }

    /// Runs the workers until it is told to shut down, lets them finish, then closes everything.
    ///
    /// In a `ServiceGroup`, and among the services of a Hummingbird application, put the stack before what uses it:
    /// services are stopped in the reverse order, so the server has answered its last request when the stack closes.
    ///
    /// - Throws: What a worker throws.
    public func run() async throws {
        let workers = workers.withLock { workers -> [Worker] in
            guard case .waiting(let waiting) = workers else {
                preconditionFailure("`run()` was called twice on one stack")
            }
            workers = .running
            return waiting
        }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in workers { group.addTask { try await worker.run() } }
                group.addTask { [cache] in await cancelWhenGracefulShutdown { await cache.run() } }
                group.addTask { [cable] in await cancelWhenGracefulShutdown { await cable.run() } }
                group.addTask {
                    // Cancelled or shut down: both end the wait, and the workers have been told the same.
                    try? await gracefulShutdown()
                }
                try await group.waitForAll()
            }
        } catch {
            await close()
            throw error
        }
        await close()
    }

    /// Closes everything; a temporary stack's folder is removed. Closing twice does nothing.
    public func close() async {
        await cache.close()
        await db.close()
        temporaryFolder?.remove(logger)
    }
}
