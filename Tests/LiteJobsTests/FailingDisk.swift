import CLiteStackFaults
import Foundation
import LiteDB

/// A disk that takes nothing of what a database writes: the kernel says so to each write to its WAL.
struct FailingDisk {
    private let fault: Int32

    /// - Parameters:
    ///   - error: What the kernel says: ENOSPC for a full disk, EIO for a broken one.
    ///   - count: So many writes fail. Default all of them, until it is mended.
    init(under database: Database, error: Int32 = ENOSPC, count: Int32 = .max) {
        fault = litestack_fault_arm(
            Int32(LITESTACK_FAULT_PWRITE.rawValue), database.path + "-wal", 0, count, error)
        precondition(fault >= 0, "too many faults are armed")
    }

    /// How many writes have failed.
    var failureCount: Int { Int(litestack_fault_hits(fault)) }

    /// Lets writes through again.
    ///
    /// - Returns: How many writes have failed.
    @discardableResult
    func mend() -> Int { Int(litestack_fault_disarm(fault)) }
}
