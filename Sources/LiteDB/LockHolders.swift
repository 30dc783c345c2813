import CLiteStackSQLite

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Who holds the write lock of a database, as far as the kernel tells. For error messages only.
enum LockHolders {
    /// The byte of the -shm file that SQLite locks for writing (https://sqlite.org/walformat.html#wal_locks).
    private static let writeLockByte = 120

    static func description(ofWriteLockOn path: String) -> String {
        var processes = processes(holdingByte: writeLockByte, of: path + "-shm")
        // /proc/locks comes in pieces, and a list that changes meanwhile can lose a line between two of them.
        if processes.isEmpty { processes = Self.processes(holdingByte: writeLockByte, of: path + "-shm") }
        guard !processes.isEmpty else { return "a connection that could not be found out" }
        return processes.map(describe).joined(separator: ", ")
    }

    /// Whether any process holds a snapshot on frames of the WAL, as far as /proc tells; without it, true.
    static func areReadersOnFrames(of path: String) -> Bool {
        // Read mark 0, byte 123, is that of readers of the database file alone.
        guard let locks = locks(of: path + "-shm") else { return true }
        return locks.contains { $0.bytes.overlaps(124...127) }
    }

    /// Which processes hold snapshots on frames of the WAL. The kernel tells one lock of a process at a time, and not
    /// which thread took it.
    static func description(ofReadersOf path: String) -> String {
        let readers = (locks(of: path + "-shm") ?? []).filter { $0.bytes.overlaps(124...127) }
        let processes = Set(readers.map(\.process)).sorted()
        guard !processes.isEmpty else { return "a reader that is gone, or could not be found out" }
        return processes.map { $0 == getpid() ? "this process" : describe($0) }.joined(separator: ", ")
    }

    private static func processes(holdingByte byte: Int, of path: String) -> [Int32] {
        (locks(of: path) ?? []).filter { $0.isExclusive && $0.bytes.contains(byte) }.map(\.process)
    }

    private struct Lock {
        let process: Int32
        let isExclusive: Bool
        let bytes: ClosedRange<Int>
    }

    /// The POSIX locks on a file; nil without /proc (macOS, a sandbox).
    private static func locks(of path: String) -> [Lock]? {
        var info = stat()
        guard litestack_stat(path, &info) == 0,
            let locks = KernelFile.text(at: "/proc/locks")
        else { return nil }
        let inode = "\(info.st_ino)"
        return locks.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            // "1: POSIX  ADVISORY  WRITE 4711 fe:01:1234 120 120"; a waiter's line has "->" in second place.
            guard fields.count >= 8, fields[1] == "POSIX", let process = Int32(fields[4]),
                fields[5].split(separator: ":").last.map(String.init) == inode,
                let first = Int(fields[6]), let last = fields[7] == "EOF" ? Int.max : Int(fields[7]), first <= last
            else { return nil }
            return Lock(process: process, isExclusive: fields[3] == "WRITE", bytes: first...last)
        }
    }

    private static func describe(_ process: Int32) -> String {
        guard let status = KernelFile.text(at: "/proc/\(process)/status") else {
            return "process \(process)"  // it is gone, or not ours to look at
        }
        func field(_ name: String) -> String {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
            return line.map { $0.dropFirst(name.count).trimmingPrefix(while: { $0.isWhitespace }) }.map(String.init)
                ?? ""
        }
        let state = field("State:")
        return "process \(process) (\(field("Name:"))\(state.hasPrefix("T") ? ", which is stopped" : ""))"
    }
}
