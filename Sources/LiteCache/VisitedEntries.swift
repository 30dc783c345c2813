import Synchronization

/// Which entries this process has read since the last eviction, by row id. A hint for the eviction, and bounded.
final class VisitedEntries: Sendable {
    private static let maximumCount = 4_096
    private let entries = Mutex<Set<Int64>>([])

    func insert(_ hash: Int64) {
        entries.withLock { entries in
            if entries.count < Self.maximumCount { entries.insert(hash) }
        }
    }

    var all: Set<Int64> { entries.withLock { $0 } }

    /// Forgets what is now marked in the file.
    func subtract(_ marked: Set<Int64>) {
        entries.withLock { $0.subtract(marked) }
    }
}
