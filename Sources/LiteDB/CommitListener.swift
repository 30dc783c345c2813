/// One iterator that waits for commits.
final class CommitListener: Sendable {
    private let tables: Set<String>?
    // The first element comes at once.
    private let wakeUp = WakeUp(isSignalled: true)

    /// - Parameter tables: Which tables matter, in lower case; nil for any.
    init(tables: Set<String>?) {
        self.tables = tables
    }

    func concerns(_ written: Set<String>) -> Bool {
        guard let tables else { return true }
        return written.contains { tables.contains($0.lowercased()) }
    }

    func signal() { wakeUp.signal() }

    func end() { wakeUp.end() }

    /// Waits for the next signal; false at the end or when the task is cancelled.
    func next() async -> Bool { await wakeUp.wait() }
}
