import Foundation
import Synchronization

/// What a child process has said, and how it ended, as its pipes and its end report it.
final class ChildOutput: Sendable {
    private struct State {
        var lines: [String] = []
        var unfinished: [ObjectIdentifier: [UInt8]] = [:]
        var openPipeCount = 0
        var exit: ChildProcess.Exit?
    }

    private let state = Mutex(State())
    private let changed = TestSignal()

    var lines: [String] { state.withLock { $0.lines } }
    var exit: ChildProcess.Exit? { state.withLock { $0.exit } }

    /// Whether nothing more can come.
    var isOver: Bool { state.withLock { $0.openPipeCount == 0 } }

    /// Starts to read a pipe, on a thread of its own: Foundation's readability handler can miss the end of a pipe on
    /// Linux if the program ended before the handler was set.
    func read(_ handle: FileHandle) {
        state.withLock { $0.openPipeCount += 1 }
        let name = ObjectIdentifier(handle)
        Thread.detachNewThread { [self] in
            var bytes: [UInt8]
            repeat {
                bytes = Array(handle.availableData)
                take(bytes, from: name)
            } while !bytes.isEmpty
        }
    }

    /// Takes what a pipe gave; nothing means that it was closed.
    private func take(_ bytes: [UInt8], from pipe: ObjectIdentifier) {
        state.withLock { state in
            var rest = state.unfinished[pipe, default: []] + bytes
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                state.lines.append(String(decoding: rest[..<end], as: UTF8.self))
                rest.removeSubrange(...end)
            }
            if bytes.isEmpty {
                if !rest.isEmpty { state.lines.append(String(decoding: rest, as: UTF8.self)) }
                rest = []
                state.openPipeCount -= 1
            }
            state.unfinished[pipe] = rest
        }
        changed.send()
    }

    func end(_ exit: ChildProcess.Exit) {
        state.withLock { $0.exit = exit }
        changed.send()
    }

    /// Waits until `find` finds something, looking again after each change.
    func wait<Result>(
        _ what: String, within limit: Duration, fileID: StaticString, line: UInt, _ find: () throws -> Result?
    ) async throws -> Result {
        let deadline = ContinuousClock.now + limit
        while true {
            let seen = changed.count
            if let result = try find() { return result }
            do {
                let left = max(ContinuousClock.now.duration(to: deadline), .zero)
                try await changed.wait(count: seen + 1, within: left)
            } catch is TestTimeout {
                let said = lines.suffix(20).joined(separator: "\n")
                throw TestTimeout(
                    "\(what) (it said so far:\n\(said)\n)", within: limit, fileID: fileID, line: line)
            }
        }
    }
}
