import Synchronization

/// Which stale entries this process does not try to refresh for the moment.
///
/// A stale hit asks here first: while a refresh failed just now, or another process is at it, it costs no more than
/// that. A hint, and bounded: one that is forgotten costs a look into the file.
final class RefreshPauses: Sendable {
    /// After a failure, in milliseconds.
    static let afterFailure: Int64 = 1_000
    /// While another process refreshes, in milliseconds: then it is looked at whether that one lives.
    static let whileElsewhere: Int64 = 250
    static let maximumCount = 1_024

    private let ends = Mutex<[EntryKey: Int64]>([:])

    var count: Int { ends.withLock { $0.count } }

    func contains(_ key: EntryKey, at now: Int64) -> Bool {
        ends.withLock { ends in
            guard let end = ends[key] else { return false }
            if end > now { return true }
            ends[key] = nil
            return false
        }
    }

    func add(_ key: EntryKey, until end: Int64, at now: Int64) {
        ends.withLock { ends in
            if ends.count >= Self.maximumCount, ends[key] == nil {
                ends = ends.filter { $0.value > now }
                if ends.count >= Self.maximumCount { ends = [:] }
            }
            ends[key] = end
        }
    }
}
