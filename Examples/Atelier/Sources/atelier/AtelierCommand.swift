import ArgumentParser
import AtelierApp
import Logging
import ServiceLifecycle
import UnixSignals

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The command `atelier`.
@main
struct AtelierCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "atelier",
        abstract: "A small server that turns drawings into paintings: the demonstration of LiteStack.")

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port; 0 takes a free one.")
    var port = 8080

    @Option(help: "The folder that holds everything; it is made if it is missing.")
    var data = "data"

    @Option(help: "An origin of the page beside this machine's names, such as https://atelier.example.")
    var origin: [String] = []

    @Option(help: "The lowest level that is logged: debug, info, warning, error.")
    var logLevel = "warning"

    func run() async throws {
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw ValidationError("'\(logLevel)' is no log level")
        }
        var logger = Logger(label: "atelier") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        var configuration = Atelier.Configuration()
        configuration.host = host
        configuration.port = port
        configuration.folder = data
        configuration.origins = Set(origin)
        let atelier = try await Atelier.open(configuration, logger: logger) { address in
            print("Atelier is open: \(address)")
            fflush(nil)  // whoever started us may read this from a pipe
        }
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [atelier], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await services.run()
    }
}
