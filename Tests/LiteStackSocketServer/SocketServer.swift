#if Hummingbird && Tokens
import Foundation
import Hummingbird
import HummingbirdCore
import LiteStack
import LiteStackHummingbird
import LiteStackWebSocket
import Logging
import ServiceLifecycle
import UnixSignals

/// A server with the cable's routes and sockets, for clients that are written in another language.
///
/// It serves on 127.0.0.1 until SIGTERM or until its standard input ends: on a free port and in a temporary folder, if it
/// is not told others by `--port` and `--folder`. `/page` is a page whose responses are cached: its handler says `running`,
/// and answers with the number of its process once there is a file `go` in the folder. Tokens are signed with the key `k`,
/// whose secret is 32 times the letter `s`. It says `open PORT`, and then answers each line:
///
/// | line | what it does | answer |
/// | --- | --- | --- |
/// | `publish CHANNEL COUNT BYTES` | publishes texts of so many bytes | the last cursor |
/// | `cursor` | | where the log ends |
/// | `disconnect SUBJECT` | | `done` |
/// | `connections` | | how many clients are connected |
@main
enum SocketServer {
    static func main() async throws {
        let options = try Options(CommandLine.arguments.dropFirst())
        var logger = Logger(label: "socket-server")
        logger.logLevel = .error
        var configuration = Stack.Configuration()
        var short = Cable.Retention("short.>")
        short.maximumMessageCount = 10
        configuration.cable.retention = [short]
        let stack =
            if let folder = options.folder {
                try await Stack.open(at: folder, configuration: configuration, logger: logger)
            } else {
                try await Stack.temporary(configuration: configuration, logger: logger)
            }
        let gateway = Cable.Gateway(stack.cable, limits: options.limits)
        let key = try Cable.SigningKeys.Key(id: "k", secret: [UInt8](repeating: UInt8(ascii: "s"), count: 32))
        let keys = Cable.SigningKeys(key)
        let router = Router()
        router.addCable(gateway, keys: keys)
        router.cached(by: ResponseCache(stack.cache), lifetime: .seconds(600)).get("page") {
            [folder = stack.folder] _, _ in
            say("running")
            while !FileManager.default.fileExists(atPath: folder + "/go") {
                try await Task.sleep(for: .milliseconds(10))  // a file wakes nobody
            }
            return "made by \(ProcessInfo.processInfo.processIdentifier)"
        }
        let application = Application(
            router: router,
            server: .http1WithCable(gateway, origins: ["https://friend.example"], keys: keys),
            configuration: ApplicationConfiguration(
                address: .hostname("127.0.0.1", port: options.port), backlog: 4_096),
            services: [stack], onServerRunning: { say("open \($0.localAddress?.port ?? 0)") }, logger: logger)
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [application], gracefulShutdownSignals: [.sigterm], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            group.addTask {
                for await line in lines() {
                    do {
                        say(try await answer(line, gateway))
                    } catch {
                        say("error \(error)")
                    }
                }
                await services.triggerGracefulShutdown()
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private struct Options {
        var limits = Cable.Gateway.Limits()
        var port = 0
        var folder: String?

        init(_ arguments: ArraySlice<String>) throws {
            var rest = arguments
            while let name = rest.popFirst() {
                guard let text = rest.popFirst() else { throw Unknown(line: name) }
                if name == "--folder" {
                    folder = text
                    continue
                }
                guard let value = Int(text) else { throw Unknown(line: name) }
                switch name {
                case "--heartbeat": limits.heartbeat = .milliseconds(value)
                case "--stall": limits.stallTimeout = .milliseconds(value)
                case "--subscriptions": limits.maximumSubscriptionCount = value
                case "--channels": limits.maximumChannelCount = value
                case "--connections": limits.maximumConnectionCount = value
                case "--port": port = value
                case "--replay": limits.maximumReplayCount = Int64(value)
                default: throw Unknown(line: name)
                }
            }
        }
    }

    private struct Unknown: Error {
        let line: String
    }

    private static func answer(_ line: String, _ gateway: Cable.Gateway) async throws -> String {
        let words = line.split(separator: " ").map { String($0) }
        switch (words.first, words.count) {
        case ("publish", 4):
            guard let count = Int(words[2]), let bytes = Int(words[3]) else { throw Unknown(line: line) }
            var last = try await gateway.cable.cursor()
            for number in 0..<count {
                let text = String(repeating: "x", count: bytes - 8) + String("0000000\(number)".suffix(8))
                last = try await gateway.cable.publish(text, to: words[1])
            }
            return "\(last)"
        case ("cursor", 1): return "\(try await gateway.cable.cursor())"
        case ("disconnect", 2):
            try await gateway.cable.disconnect(subject: words[1])
            return "done"
        case ("connections", 1): return "\(gateway.connectionCount)"
        default: throw Unknown(line: line)
        }
    }

    /// Read on a thread of its own: a blocked read would hold one of the threads that serve.
    private static func lines() -> AsyncStream<String> {
        let (lines, input) = AsyncStream<String>.makeStream()
        Thread.detachNewThread {
            while let line = readLine() { input.yield(line) }
            input.finish()
        }
        return lines
    }

    private static func say(_ line: String) {
        // Nobody may listen any more.
        try? FileHandle.standardOutput.write(contentsOf: Data("\(line)\n".utf8))
    }
}
#else
@main
enum SocketServer {
    static func main() {
        fatalError("It needs the traits Hummingbird and Tokens: swift build --enable-all-traits")
    }
}
#endif
