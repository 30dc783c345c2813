import Foundation

extension ChildProcess {
    /// Stops the process and waits until each of its threads stands still, as the kernel says: a signal is delivered when
    /// the process gets to run, which on a busy machine takes a while.
    ///
    /// It can stand still inside a transaction, and then holds the write lock of the file.
    ///
    /// - Returns: False if it has ended.
    /// - Throws: `TestTimeout`.
    package func standStill() async throws -> Bool {
        send(.stop)
        try await eventually("process \(processIdentifier) stands still") { isStopped || exit != nil || hasEnded }
        return isStopped
    }

    /// Whether it is stopped.
    package var isStopped: Bool {
        let states = threadStates
        // A main thread that has ended, as that of a program in Swift does, stays behind as a zombie.
        return states.contains("T") && states.allSatisfy { $0 == "T" || $0 == "Z" }
    }

    /// Whether it is dead: known before ``exit`` is told.
    private var hasEnded: Bool { threadStates.allSatisfy { $0 == "Z" || $0 == "X" } }

    /// The letters of proc(5), one for each thread; none if it is gone.
    private var threadStates: [Character] {
        let folder = "/proc/\(processIdentifier)/task"
        // Gone, whole or a thread of it: no file.
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return threads.compactMap { thread in
            let line = try? String(contentsOfFile: "\(folder)/\(thread)/stat", encoding: .utf8)
            // The state stands behind the name, which may hold anything but is in brackets.
            return line?.split(separator: ")").last?.first { $0 != " " }
        }
    }
}
