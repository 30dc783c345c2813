import CBenchSQLite
import Foundation

/// A program that others wrote: ended with this object at the latest, by its id.
///
/// If this process itself is killed by SIGKILL, it stays.
final class PeerProcess {
    let identifier: pid_t
    private let name: String
    private var status: Int32?

    /// Starts it; see `bench_start`.
    ///
    /// - Parameters:
    ///   - program: Its path.
    ///   - environment: Set in addition to ours.
    ///   - output: The file that takes its standard output.
    init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], output: String = "/dev/null"
    ) throws {
        var values = ([program] + arguments).map { strdup($0) } + [nil]
        let variables = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        var texts = variables.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in values + texts { free(text) } }
        var child = pid_t()
        let code = bench_start(&child, &values, &texts, output)
        guard code == 0 else { throw ChildError(message: "\(program) cannot be started: error \(code)") }
        identifier = child
        name = program
    }

    deinit { stop() }

    /// Whether it has ended, or ends within a time. Blocks.
    func hasEnded(within limit: Duration = .zero) -> Bool {
        let deadline = bench_now() + limit.nanoseconds
        while status == nil {
            var code: Int32 = 0
            let answer = waitpid(identifier, &code, WNOHANG)
            if answer == identifier || (answer == -1 && errno == ECHILD) {
                status = code
            } else if bench_now() >= deadline {
                return false
            } else {
                usleep(5_000)  // between two looks whether it has ended
            }
        }
        return true
    }

    /// Waits until it has ended well. Blocks.
    func finish(within limit: Duration) throws {
        guard hasEnded(within: limit) else { throw ChildError(message: "\(name) did not end within \(limit)") }
        guard status == 0 else { throw ChildError(message: "\(name) failed, wait status \(status ?? -1)") }
    }

    /// Ends it by SIGTERM, after 2 s by SIGKILL, and waits for that. Blocks.
    func stop() {
        guard !hasEnded() else { return }
        kill(identifier, SIGTERM)
        guard !hasEnded(within: .seconds(2)) else { return }
        kill(identifier, SIGKILL)
        _ = hasEnded(within: .seconds(10))
    }

    /// Where a program lies.
    ///
    /// - Throws: `MissingProgram`.
    static func path(of name: String, package: String) throws -> String {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders: [Substring] = path.split(separator: ":") + ["/usr/sbin"]
        for folder in folders where access("\(folder)/\(name)", X_OK) == 0 { return "\(folder)/\(name)" }
        throw MissingProgram(name: name, package: package)
    }
}

/// A row cannot be measured since what it is measured against is not here.
struct MissingProgram: Error {
    let name: String
    let package: String

    /// Says so on standard error.
    func report() {
        let text = "  left out: \(name) is not installed (apt-get install --no-install-recommends \(package))\n"
        FileHandle.standardError.write(Data(text.utf8))
    }
}
