import CBenchSQLite
import Foundation

/// A server that others wrote, started for a row and stopped after it.
final class PeerServer {
    /// Its Unix socket, in a folder of its own under the system's temporary one: a socket's path must be short.
    let socket: String
    private let process = Process()
    private let input = Pipe()
    private let server: pid_t
    private let folder: URL

    /// Redis without any persistence: nothing of what it is told outlives it.
    static func redis() throws -> PeerServer {
        try PeerServer("redis-server", package: "redis-server") { socket in
            ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--loglevel", "warning"]
        }
    }

    /// memcached with more memory than the keys need.
    static func memcached() throws -> PeerServer {
        try PeerServer("memcached", package: "memcached") { socket in
            // As root it wants to be told whom to be.
            ["-s", socket, "-m", "512"] + (geteuid() == 0 ? ["-u", "root"] : [])
        }
    }

    private init(_ name: String, package: String, arguments: (_ socket: String) -> [String]) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "peer-\(getpid())-\(name)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        socket = folder.appending(path: "socket").path
        // The shell ends the server when its input closes, also when this process is killed. Not by SIGTERM: the threads of
        // Swift's pool block it, and whom they start inherits that.
        let shell = #""$@" >/dev/null & server=$!; echo $server; read -r line; kill -9 $server; wait"#
        let output = Pipe()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = try ["-c", shell, "sh", Self.program(name, package: package).path] + arguments(socket)
        process.currentDirectoryURL = folder
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        server = pid_t(line.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
        guard server > 0 else { throw ChildError(message: "\(name) was not started") }
        let deadline = bench_now() + 10_000_000_000
        while true {
            let connection = bench_connect(socket)
            if connection >= 0 {
                close(connection)
                return
            }
            guard process.isRunning, bench_now() < deadline else { throw ChildError(message: "\(name) did not start") }
            usleep(10_000)  // a server of others says nothing when it listens: it is asked again
        }
    }

    /// Where a program lies.
    ///
    /// - Throws: An error that says how to install it.
    static func program(_ name: String, package: String) throws -> URL {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders: [Substring] = path.split(separator: ":") + ["/usr/sbin"]
        for folder in folders where access("\(folder)/\(name)", X_OK) == 0 {
            return URL(filePath: "\(folder)/\(name)")
        }
        throw MissingProgram(name: name, package: package)
    }

    /// Keeps its threads and the calling one on one core, or lets them go where they like.
    func keepOnOneCore(_ isKept: Bool) throws {
        var threads = [pid_t(0)]
        let tasks = "/proc/\(server)/task"
        threads += try FileManager.default.contentsOfDirectory(atPath: tasks).compactMap { pid_t($0) }
        for thread in threads where bench_keep_on_one_core(thread, isKept ? 1 : 0) != 0 && errno != ESRCH {
            throw ChildError(message: "a thread cannot be kept on one core")
        }
    }

    /// Ends it, and waits for that.
    func stop() {
        // A line ends it as well as the end of its input, whose other side a child of ours may still hold.
        try? input.fileHandleForWriting.write(contentsOf: Data("stop\n".utf8))  // one that is gone needs none
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)  // what is left in the temporary folder harms nobody
    }

    deinit {
        if process.isRunning { stop() }
    }
}

/// A row cannot be measured since what it is measured against is not here.
struct MissingProgram: Error, CustomStringConvertible {
    let name: String
    let package: String

    var description: String {
        "\(name) is not installed. On Debian and Ubuntu: apt-get install --no-install-recommends \(package)"
    }
}
