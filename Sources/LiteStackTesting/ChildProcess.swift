import Foundation

/// A program that a test starts, listens to and kills; see ``withChildProcess(_:arguments:environment:_:)``.
///
/// The lines of its standard output and standard error are kept together. Its standard input is a pipe to which
/// nothing is written: it ends when the test process does, by which an orphan can notice.
public final class ChildProcess: Sendable {
    /// How a process ended.
    public enum Exit: Hashable, Sendable {
        /// It returned this status.
        case exited(Int32)
        /// This signal ended it.
        case signaled(Int32)
    }

    /// A signal that can be sent.
    public enum Signal: Sendable {
        /// SIGKILL: ends it at once, wherever it stands.
        case kill
        /// SIGTERM: asks it to end.
        case terminate
        /// SIGSTOP: it stands still, and keeps its locks.
        case stop
        /// SIGCONT: it goes on.
        case resume

        var number: Int32 {
            switch self {
            case .kill: SIGKILL
            case .terminate: SIGTERM
            case .stop: SIGSTOP
            case .resume: SIGCONT
            }
        }
    }

    /// The process's id.
    public let processIdentifier: Int32
    private let input: FileHandle
    private let output = ChildOutput()

    init(_ executable: String, arguments: [String], environment: [String: String]) throws {
        let child = try Spawn.start(
            executable, arguments,
            environment: ProcessInfo.processInfo.environment.merging(environment) { _, new in new })
        processIdentifier = child.identifier
        input = child.input
        for handle in [child.output, child.error] { output.read(handle) }
        Thread.detachNewThread { [output] in output.end(Spawn.wait(for: child.identifier)) }
    }

    /// The path of an executable of the package under test, which SwiftPM builds beside the tests.
    public static func builtExecutable(_ name: String) -> String {
        let arguments = CommandLine.arguments
        let bundle = arguments.first { $0.contains(".xctest") } ?? arguments[0]
        let marker = bundle.range(of: ".xctest").map { String(bundle[..<$0.lowerBound]) } ?? bundle
        return URL(fileURLWithPath: marker).deletingLastPathComponent().appendingPathComponent(name).path
    }

    /// The lines that it has written so far.
    public var lines: [String] { output.lines }

    /// How it ended; nil while it runs.
    public var exit: Exit? { output.exit }

    /// Sends a signal, unless it has ended.
    public func send(_ signal: Signal) {
        guard exit == nil else { return }
        _ = Foundation.kill(processIdentifier, signal.number)
    }

    /// Waits for a line, which may have been written already.
    ///
    /// - Parameters:
    ///   - what: What is waited for, for the message.
    ///   - limit: The longest wait. Default 30 s.
    ///   - fileID: Where the call stands, for the message.
    ///   - line: Where the call stands, for the message.
    ///   - isWanted: Which line.
    /// - Returns: The first such line.
    /// - Throws: ``TestTimeout`` with the last lines, at once if it has ended and can write no more.
    public func line(
        _ what: String = "the line", within limit: Duration = .seconds(30),
        fileID: StaticString = #fileID, line: UInt = #line, where isWanted: (String) -> Bool
    ) async throws -> String {
        try await output.wait(what, within: limit, fileID: fileID, line: line) {
            let isOver = output.isOver
            if let found = output.lines.first(where: isWanted) { return found }
            guard isOver else { return nil }
            throw TestTimeout("\(what): the process has ended and", within: limit, fileID: fileID, line: line)
        }
    }

    /// Waits until it has ended and everything that it wrote is in ``lines``.
    ///
    /// - Throws: ``TestTimeout``, also if a process that it started keeps its output open.
    @discardableResult
    public func waitForExit(
        within limit: Duration = .seconds(30), fileID: StaticString = #fileID, line: UInt = #line
    ) async throws -> Exit {
        try await output.wait("The end of the process", within: limit, fileID: fileID, line: line) {
            output.isOver ? output.exit : nil
        }
    }
}

/// Starts a program, runs `body` with it, and kills it if it has not ended by then.
///
/// - Parameters:
///   - executable: Its path; see ``ChildProcess/builtExecutable(_:)``.
///   - arguments: What follows the name. Default none.
///   - environment: Set in addition to the test's own environment. Default none.
///   - body: The test.
/// - Throws: What `body` throws, and `POSIXError` if the program cannot be started.
@discardableResult
public func withChildProcess<Result>(
    _ executable: String, arguments: [String] = [], environment: [String: String] = [:],
    _ body: (ChildProcess) async throws -> Result
) async throws -> Result {
    let child = try ChildProcess(executable, arguments: arguments, environment: environment)
    defer { child.send(.kill) }
    return try await body(child)
}
