import CLiteStackFaults
import Foundation
import LiteDB
import Synchronization

/// A disk that fills and empties: while there is a mark beside the database, the kernel says ENOSPC to each write to it, to
/// its WAL and to its shared memory, in every process that follows.
final class TortureDisk: Sendable {
    private static let longestMilliseconds = 3_000

    private let path: String
    private let faults = Mutex<[Int32]>([])

    init(under path: String) {
        self.path = path
    }

    private var mark: String { path + ".full" }

    /// Does as the mark says from now on, as long as the process lives.
    func follow() {
        Thread.detachNewThread { [self] in
            while true {
                if access(mark, F_OK) == 0 { arm() } else { disarm() }
                usleep(2_000)  // a file wakes nobody
            }
        }
    }

    /// Is full for some time now and then, and has room when it returns.
    ///
    /// - Returns: How often it was full, for how long in all, and how many writes of this process it refused.
    func fillNowAndThen(_ seed: UInt64, while isWanted: () -> Bool) async throws -> (
        count: Int, time: Duration, refusedCount: Int
    ) {
        var random = RandomNumbers(seed: seed)
        var (count, time, refusedCount) = (0, Duration.zero, 0)
        defer { makeRoom() }
        while isWanted() {
            try await Task.sleep(for: .milliseconds(Int.random(in: 200...4_000, using: &random)))  // there is room
            let wait = Duration.milliseconds(Int.random(in: 200...Self.longestMilliseconds, using: &random))
            arm()
            guard FileManager.default.createFile(atPath: mark, contents: nil) else {
                throw TortureFailure("The mark \(mark) cannot be made")
            }
            try await Task.sleep(for: wait)  // the disk is full
            refusedCount += makeRoom()
            count += 1
            time += wait
        }
        return (count, time, refusedCount)
    }

    /// Whether that is why nothing was written; in a group it can be another's write that met it.
    static func isFull(_ error: DatabaseError) -> Bool { error.code == .diskFull || error.code == .groupRolledBack }

    /// Tries again as long as the disk is full.
    static func untilThereIsRoom<Result>(_ body: () async throws -> Result) async throws -> Result {
        while true {
            do {
                return try await body()
            } catch let error as DatabaseError where isFull(error) {
                try await Task.sleep(for: .milliseconds(20))  // room that comes wakes nobody
            }
        }
    }

    private func arm() {
        faults.withLock { faults in
            guard faults.isEmpty else { return }
            faults = ["", "-wal", "-shm"].map {
                litestack_fault_arm(Int32(LITESTACK_FAULT_PWRITE.rawValue), path + $0, 0, .max, ENOSPC)
            }
        }
    }

    @discardableResult
    private func disarm() -> Int {
        faults.withLock { faults in
            defer { faults = [] }
            return faults.reduce(0) { $0 + Int(litestack_fault_disarm($1)) }
        }
    }

    @discardableResult
    private func makeRoom() -> Int {
        unlink(mark)  // it may not be there
        return disarm()
    }
}
