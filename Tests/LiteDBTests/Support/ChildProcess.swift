import Foundation
import LiteStackTesting
import Synchronization

/// A running `LiteDBCrashHelper`, whose lines of output are awaited one by one.
final class ChildProcess {
    struct Ended: Error, CustomStringConvertible {
        let description: String
    }

    private let child: Spawn.Child
    private let hasEnded = Box(false)
    private var lines: AsyncStream<String>.Iterator
    private let exits: AsyncStream<Int32>
    /// How it ended, once somebody has waited for that.
    private var ended: Int32 = -1

    /// Starts the helper with a command and its arguments.
    init(_ arguments: String...) throws {
        let here = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let program = here.deletingLastPathComponent().appendingPathComponent("LiteDBCrashHelper").path
        child = try Spawn.start(program, arguments, environment: ProcessInfo.processInfo.environment)
        let (stream, continuation) = AsyncStream.makeStream(of: String.self)
        lines = stream.makeAsyncIterator()
        let (exits, exit) = AsyncStream.makeStream(of: Int32.self)
        self.exits = exits
        Thread { [child, hasEnded] in
            let status: Int32 =
                switch Spawn.wait(for: child.identifier) {
                case .exited(let code): code
                case .signaled(let signal): signal
                }
            hasEnded.value.store(true, ordering: .releasing)
            exit.yield(status)
            exit.finish()
        }.start()
        Thread { [child] in
            while case let data = child.error.availableData, !data.isEmpty { FileHandle.standardError.write(data) }
        }.start()
        let reading = child.output
        Thread {
            var rest = Data()
            // `read(upToCount:)` would wait until it has that much.
            while case let data = reading.availableData, !data.isEmpty {
                rest += data
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    continuation.yield(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
                    rest = Data(rest[(end + 1)...])
                }
            }
            continuation.finish()
        }.start()
    }

    deinit {
        if !hasEnded.value.load(ordering: .acquiring) { kill() }
    }

    /// The next line that it prints.
    func line() async throws -> String {
        guard let line = await lines.next(isolation: nil) else {
            throw Ended(description: "the helper said nothing more")
        }
        return line
    }

    /// All lines until its end.
    func rest() async -> [String] {
        var all: [String] = []
        while let line = await lines.next(isolation: nil) { all.append(line) }
        return all
    }

    /// Ends its standard input, for which it waits.
    func letGo() {
        try? child.input.close()  // it may have ended already
    }

    /// Waits for its end; the status, or the signal that killed it.
    @discardableResult
    func exit() async -> Int32 {
        for await status in exits { ended = status }
        return ended
    }

    var identifier: Int32 { child.identifier }

    /// Ends it without a chance to do anything (SIGKILL).
    func kill() { Foundation.kill(identifier, SIGKILL) }

    /// Stops it where it stands (SIGSTOP), and returns once every thread of it has stopped.
    func stop() async throws {
        Foundation.kill(identifier, SIGSTOP)
        let tasks = "/proc/\(identifier)/task"
        try await eventually("the process stops") {
            try FileManager.default.contentsOfDirectory(atPath: tasks).allSatisfy { thread in
                let status = try String(contentsOfFile: "\(tasks)/\(thread)/stat", encoding: .utf8)
                return status[status.lastIndex(of: ")")!...].hasPrefix(") T")
            }
        }
    }

    /// Lets it go on (SIGCONT).
    func goOn() { Foundation.kill(identifier, SIGCONT) }
}

/// A flag that a thread can capture.
private final class Box: Sendable {
    let value: Atomic<Bool>

    init(_ value: Bool) { self.value = Atomic(value) }
}
