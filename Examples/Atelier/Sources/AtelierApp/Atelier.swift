import Hummingbird
import LiteStack
import LiteStackWebSocket
public import Logging
public import ServiceLifecycle
import SystemPackage

/// The whole server: a stack on one folder, a worker in the same process, and the pages.
public struct Atelier: Service {
    /// How it is set up.
    public struct Configuration: Sendable {
        /// The address to listen on. Default `127.0.0.1`.
        public var host = "127.0.0.1"
        /// The port. Default 8080; 0 takes a free one.
        public var port = 8080
        /// The folder that holds everything. Default `data`.
        public var folder = "data"
        /// Origins of the page beside this machine's own names, such as `https://atelier.example`, if a proxy stands
        /// in front. Default none.
        public var origins: Set<String> = []
        /// How long one picture may take. Default 30 s.
        public var styleTimeout = Duration.seconds(30)

        /// The defaults.
        public init() {}
    }

    private let stack: Stack
    private let application: Application<RouterResponder<BasicRequestContext>>

    /// Opens everything. Nothing is served and no job runs before ``run()``.
    ///
    /// - Parameters:
    ///   - configuration: How to set it up.
    ///   - logger: For all parts.
    ///   - onListening: Is told the address when the server listens.
    /// - Throws: `DatabaseError`, `StackError`, `StudioError`.
    public static func open(
        _ configuration: Configuration = Configuration(), logger: Logger,
        onListening: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> Atelier {
        let stack = try await Stack.open(at: configuration.folder, logger: logger)
        do {
            return try await Atelier(stack, configuration, logger, onListening)
        } catch {
            await stack.close()
            throw error
        }
    }

    init(
        _ stack: Stack, _ configuration: Configuration, _ logger: Logger,
        _ onListening: @escaping @Sendable (String) -> Void
    ) async throws {
        try await stack.db.migrate(PictureSchema.migrations)
        let store = PictureStore(cache: stack.cache)
        let studio = try await Studio.open(
            in: FilePath(stack.folder).appending("scratch"), timeout: configuration.styleTimeout)
        let handler = StylePictureHandler(
            database: stack.db, cable: stack.cable, jobs: stack.jobs, store: store, studio: studio)
        let cleaner = CleanUpHandler(database: stack.db, store: store)
        try await stack.jobs.declare(schedules: [CleanUpPictures.schedule])
        // Each may take half a gigabyte.
        stack.addWorker(concurrency: 2) { handlers in
            handlers.handle(StylePicture.self) { job, context in try await handler.run(job, context) }
            handlers.handle(ForgetUpload.self) { job, context in try await cleaner.run(job, context) }
            handlers.handle(CleanUpPictures.self) { job, context in try await cleaner.run(job, context) }
        }
        let (visitors, gateway) = (Visitors(keys: Cable.SigningKeys(.ephemeral())), Cable.Gateway(stack.cable))
        let router = AtelierRouter(
            stack: stack, store: store, assets: Assets(), origins: configuration.origins, visitors: visitors,
            gateway: gateway)
        let host = configuration.host
        self.stack = stack
        application = Application(
            router: router.make(),
            server: .http1WithCable(gateway, origins: configuration.origins, keys: visitors.keys),
            configuration: ApplicationConfiguration(address: .hostname(host, port: configuration.port)),
            services: [stack],
            onServerRunning: { channel in
                onListening("http://\(host):\(channel.localAddress?.port ?? configuration.port)")
            },
            logger: logger)
    }

    /// Serves and works until it is told to shut down.
    public func run() async throws {
        try await application.run()
    }
}
