import Synchronization

/// Which entries this process has read, by their place in the order: the hand of the eviction spares them once.
///
/// A read writes nothing. The process that evicts looks here; what others have read they write into the file now and then,
/// many marks at once. A hint, and bounded.
final class VisitedEntries: Sendable {
    static let maximumCount = 65_536

    private let positions = Mutex<Set<Int64>>([])
    /// Grows whenever positions were taken out, so that whoever remembers having noted one notes it again.
    private let epochs = Atomic<UInt32>(1)

    var epoch: UInt32 { epochs.load(ordering: .relaxed) }
    var count: Int { positions.withLock { $0.count } }

    func insert(_ position: Int64) {
        positions.withLock { positions in
            if positions.count < Self.maximumCount { positions.insert(position) }
        }
    }

    func insert(contentsOf more: [Int64]) {
        positions.withLock { positions in
            for position in more where positions.count < Self.maximumCount { positions.insert(position) }
        }
    }

    /// Forgets a note; whether there was one.
    func remove(_ position: Int64) -> Bool {
        let wasThere = positions.withLock { $0.remove(position) != nil }
        if wasThere { epochs.wrappingAdd(1, ordering: .relaxed) }
        return wasThere
    }

    /// Takes all notes, to write them into the file.
    func takeAll() -> Set<Int64> {
        let all = positions.withLock { positions in
            defer { positions = [] }
            return positions
        }
        epochs.wrappingAdd(1, ordering: .relaxed)
        return all
    }
}
