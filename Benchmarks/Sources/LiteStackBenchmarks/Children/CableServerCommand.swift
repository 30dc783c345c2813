import ArgumentParser
import CBenchSQLite
import Foundation
import Hummingbird
import LiteCable
import LiteDB
import LiteStackHummingbird
import LiteStackWebSocket
import Logging

/// A server with the cable's routes, which lets everybody listen.
///
/// `memory` answers the bytes it holds; `publish SECONDS` publishes once a second to all, and answers how often.
struct CableServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "cable-server", shouldDisplay: false)

    @Argument var path: String

    private struct Sent: Encodable {
        var sent: UInt64
    }

    func run() async throws {
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        let database = try await Database.open(at: path, logger: logger)
        let cable = try await Cable(database, logger: logger)
        let router = Router()
        let grant = try Cable.Grant(subject: "all", channels: ["all"])
        let gateway = Cable.Gateway(cable)
        router.addCable(gateway) { _, _ in grant }
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let application = Application(
            router: router, server: .http1WithCable(gateway) { _ in grant },
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0), backlog: 4_096),
            onServerRunning: { listening.yield($0.localAddress?.port ?? 0) }, logger: logger)
        let serving = Task { try await application.run() }
        for await port in ports {
            ParentLines.say("\(port)")
            break
        }
        while let line = await nextLine() {
            if let seconds = line.split(separator: " ").last.flatMap({ Int($0) }) {
                for _ in 0..<seconds {
                    try await cable.publish(Sent(sent: bench_now()), to: "all")
                    try await Task.sleep(for: .seconds(1))  // the pace that the row is named for
                }
                try ParentLines.answer(seconds)
            } else {
                try ParentLines.answer(try ResidentMemory.bytes())
            }
        }
        serving.cancel()
        await database.close()
        Foundation.exit(0)  // two thousand connections are not worth waiting for
    }

    /// Reads on a thread of its own: a blocked read would hold one of the threads that serve.
    private func nextLine() async -> String? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: ParentLines.next()) }
        }
    }
}
