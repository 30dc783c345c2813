import CLiteStackFaults
import Foundation
import LiteDB

/// A disk without room for what a database writes: the kernel says ENOSPC to each write to its WAL, until there is room.
struct FullDisk {
    private let fault: Int32

    init(under database: Database) {
        fault = litestack_fault_arm(
            Int32(LITESTACK_FAULT_PWRITE.rawValue), database.path + "-wal", 0, .max, ENOSPC)
        precondition(fault >= 0, "too many faults are armed")
    }

    /// How many writes have failed.
    var failureCount: Int { Int(litestack_fault_hits(fault)) }

    /// Makes room.
    ///
    /// - Returns: How many writes have failed.
    @discardableResult
    func makeRoom() -> Int { Int(litestack_fault_disarm(fault)) }
}
