import Subprocess
import SystemPackage

/// Runs a program in a process group of its own, and ends the whole group when its time is over.
enum ProcessRunner {
    /// How a run ended.
    struct Outcome: Sendable, Hashable {
        enum End: Sendable, Hashable {
            case exited(Int32)
            case killed(signal: Int32)
            case timedOut
        }

        let end: End
        /// The beginning of what it wrote to its standard error.
        let errorText: String
    }

    /// How much of the standard error is kept; the rest is read and dropped, so that the program never waits.
    private static let errorLimit = 2048

    /// Runs a program without a shell, with exactly this environment, and waits for its end.
    ///
    /// If the task is cancelled, the group is killed too.
    ///
    /// - Throws: `CancellationError`; `SubprocessError` if it cannot be started.
    static func run(
        _ program: FilePath, _ arguments: [String], environment: [Environment.Key: String], in folder: FilePath,
        timeout: Duration
    ) async throws -> Outcome {
        try await withThrowingTaskGroup(of: Outcome?.self) { group in
            group.addTask {
                try await run(program, arguments, environment: environment, in: folder)
            }
            group.addTask {
                try await Task.sleep(for: timeout)
                return nil
            }
            let first = try await group.next() ?? nil
            // Cancelling the run kills its group; the end of this scope waits until it is dead.
            group.cancelAll()
            try Task.checkCancellation()
            return first ?? Outcome(end: .timedOut, errorText: "")
        }
    }

    private static func run(
        _ program: FilePath, _ arguments: [String], environment: [Environment.Key: String], in folder: FilePath
    ) async throws -> Outcome {
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .seconds(1))
        ]
        let result = try await Subprocess.run(
            .path(program), arguments: Arguments(arguments), environment: .custom(environment),
            workingDirectory: folder, platformOptions: options, input: .none, output: .discarded, error: .sequence
        ) { execution in
            var text: [UInt8] = []
            for try await chunk in execution.standardError {
                chunk.withUnsafeBytes { text += $0.prefix(errorLimit - text.count) }
            }
            return String(decoding: text, as: UTF8.self)
        }
        return switch result.terminationStatus {
        case .exited(let code): Outcome(end: .exited(code), errorText: result.closureResult)
        case .signaled(let signal): Outcome(end: .killed(signal: signal), errorText: result.closureResult)
        }
    }
}
