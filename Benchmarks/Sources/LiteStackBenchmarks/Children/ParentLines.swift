import Foundation

/// The side of a child: what its parent says, and the answers.
enum ParentLines {
    /// The next line; nil when the parent is done or gone. Blocks.
    static func next() -> String? { readLine() }

    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data("\(line)\n".utf8))
    }

    static func answer(_ value: some Encodable) throws {
        say(String(decoding: try JSONEncoder().encode(value), as: UTF8.self))
    }
}
