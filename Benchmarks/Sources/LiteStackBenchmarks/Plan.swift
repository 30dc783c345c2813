import Foundation

/// How long to measure, and where the files lie.
struct Plan: Sendable {
    /// Whether this is only a smoke test.
    let isQuick: Bool
    /// A folder of this run's own.
    let folder: URL

    /// How often each side is measured, the two in turns.
    var roundCount: Int { isQuick ? 3 : 15 }
    /// How long each side is measured in each round.
    var roundDuration: Duration { isQuick ? .milliseconds(100) : .milliseconds(400) }

    init(isQuick: Bool, parent: URL) throws {
        self.isQuick = isQuick
        folder = parent.appending(path: "litestack-bench-\(UUID().uuidString)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// The path for a new file, in a folder that nothing else lies in.
    func newPath(_ name: String) throws -> String {
        let made = folder.appending(path: UUID().uuidString, directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: made, withIntermediateDirectories: true)
        return made.appending(path: name).path
    }

    func removeFolder() {
        // Left-over files in the temporary folder harm nobody.
        try? FileManager.default.removeItem(at: folder)
    }
}
