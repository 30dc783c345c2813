#if Hummingbird
import Hummingbird
import HummingbirdCore
import Logging
import ServiceLifecycle
import Testing

/// Serves a router on a free port for as long as `body` runs.
func withServer(
    _ router: Router<BasicRequestContext>, server: HTTPServerBuilder = .http1(), services: [any Service],
    logger: Logger,
    _ body: @escaping @Sendable (HTTPConnection, ServiceGroup) async throws -> Void
) async throws {
    let (ports, listening) = AsyncStream<Int?>.makeStream()
    let application = Application(
        router: router, server: server,
        configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
        services: services, onServerRunning: { listening.yield($0.localAddress?.port) }, logger: logger)
    try await withService(application, started: ports, finish: listening, logger: logger, body)
}

/// Runs a service for as long as `body` runs. `ports` tells where it listens.
func withService(
    _ service: any Service, started ports: AsyncStream<Int?>, finish: AsyncStream<Int?>.Continuation, logger: Logger,
    _ body: @escaping @Sendable (HTTPConnection, ServiceGroup) async throws -> Void
) async throws {
    let services = ServiceGroup(configuration: ServiceGroupConfiguration(services: [service], logger: logger))
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            // If it ends before it listens, nobody may wait for that.
            defer { finish.finish() }
            try await services.run()
        }
        group.addTask {
            // Whatever the body throws, the service is stopped first, or the group would wait for ever.
            let result: Result<Void, any Error>
            do {
                let port = try #require(await ports.first { _ in true } ?? nil)
                result = .success(try await body(HTTPConnection(port: port), services))
            } catch {
                result = .failure(error)
            }
            await services.triggerGracefulShutdown()
            try result.get()
        }
        try await group.waitForAll()
    }
}
#endif
