import Foundation

/// The other process of LiteDB's tests: it writes, holds locks, and dies when told to.
///
/// Each command prints what came of each step as a line of its own, and waits for its standard input to end where it
/// holds something.
@main
enum CrashHelper {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let name = arguments.first, let command = commands[name] else {
            FileHandle.standardError.write(Data("commands: \(commands.keys.sorted().joined(separator: ", "))\n".utf8))
            exit(64)
        }
        try await command(Array(arguments.dropFirst()))
    }

    static let commands: [String: @Sendable ([String]) async throws -> Void] = [
        "fail-commit": failCommit,
        "fail-raw-commit": failRawCommit,
        "hold-write": holdWrite,
        "hold-snapshot": holdSnapshot,
        "insert": insert,
        "insert-forever": insertForever,
        "raw": raw,
        "hold-raw-write": holdRawWrite,
        "write-in-order": writeInOrder,
        "open": open,
        "open-and-close": openAndClose,
        "open-with-library": openWithLibrary,
        "die-in-commit": dieInCommit,
    ]
}

/// Prints a line at once, although the output is a pipe.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

/// Ends this process as the kernel's out-of-memory killer would.
func killMyself() -> Never {
    kill(getpid(), SIGKILL)
    while true { pause() }
}

/// Waits until the parent closes our standard input.
func waitForEndOfInput() {
    while readLine() != nil {}
}
