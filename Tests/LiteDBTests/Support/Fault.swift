import CLiteStackFaults
import Foundation

/// A system call that fails for files with a certain end of their path, until it is disarmed.
struct Fault {
    enum Operation: UInt32 {
        case fdatasync = 0
        case fsync = 1
        case pwrite = 2
        case ftruncate = 3
    }

    private let number: Int32

    /// Arms a fault: `skipping` calls go through, then `count` of them fail with `error`.
    init(_ operation: Operation, on suffix: String, skipping: Int = 0, count: Int = .max, error: Int32) {
        number = litestack_fault_arm(
            Int32(operation.rawValue), suffix, Int32(clamping: skipping), Int32(clamping: count), error)
        precondition(number >= 0, "too many faults are armed")
    }

    /// How many calls have failed so far.
    var hits: Int { Int(litestack_fault_hits(number)) }

    /// Ends the fault, and gives the number of calls that failed.
    @discardableResult
    func disarm() -> Int { Int(litestack_fault_disarm(number)) }
}
