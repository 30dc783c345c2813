import Foundation

/// Another process of this executable: told what to do line by line, and answering line by line.
///
/// It ends when its standard input closes, so none outlives this process.
final class Child {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var buffer: [UInt8] = []

    /// Starts the executable with a hidden subcommand.
    init(_ arguments: String...) throws {
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    deinit {
        if process.isRunning { process.terminate() }
    }

    /// Sends a line.
    func tell(_ line: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8))
    }

    /// Waits for the next line. Blocks.
    func line() throws -> String {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                defer { buffer.removeSubrange(...end) }
                return String(decoding: buffer[..<end], as: UTF8.self)
            }
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw ChildError(message: "a child process ended too early") }
            buffer += more
        }
    }

    /// Waits for the next line and decodes it as JSON. Blocks.
    func answer<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(try line().utf8))
    }

    /// Ends it without a chance to do anything, and waits for its end. Blocks.
    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Closes its input and waits for its end. Blocks.
    func finish() throws {
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ChildError(message: "a child process failed with status \(process.terminationStatus)")
        }
    }
}

/// A child did not do its part.
struct ChildError: Error, CustomStringConvertible {
    let message: String
    var description: String { message }
}
