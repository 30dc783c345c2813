import CBenchSQLite
import Foundation

/// A server that others wrote, started for a row and stopped after it.
final class PeerServer {
    /// In a folder of its own under the system's temporary one: a socket's path must be short.
    let socket: String
    /// For what belongs to the row; removed with the server.
    let folder: URL
    private let process: PeerProcess

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
        let program = try PeerProcess.path(of: name, package: package)
        let parent = FileManager.default.temporaryDirectory
        folder = parent.appending(path: "peer-\(UUID().uuidString.prefix(8))", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        socket = folder.appending(path: "socket").path
        process = try PeerProcess(program, arguments(socket), output: folder.appending(path: "output").path)
        let deadline = bench_now() + 10_000_000_000
        while true {
            let connection = bench_connect(socket)
            if connection >= 0 {
                close(connection)
                return
            }
            guard !process.hasEnded(), bench_now() < deadline else {
                throw ChildError(message: "\(name) does not listen at \(socket)")
            }
            usleep(10_000)  // a server of others says nothing when it listens: it is asked again
        }
    }

    /// Keeps its threads and the calling one on one core, or lets them go where they like.
    func keepOnOneCore(_ isKept: Bool) throws {
        var threads = [pid_t(0)]
        let tasks = "/proc/\(process.identifier)/task"
        threads += try FileManager.default.contentsOfDirectory(atPath: tasks).compactMap { pid_t($0) }
        for thread in threads where bench_keep_on_one_core(thread, isKept ? 1 : 0) != 0 && errno != ESRCH {
            throw ChildError(message: "a thread cannot be kept on one core")
        }
    }

    deinit {
        process.stop()
        try? FileManager.default.removeItem(at: folder)  // what is left in the temporary folder harms nobody
    }
}
