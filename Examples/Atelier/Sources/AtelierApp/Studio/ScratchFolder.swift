import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A private folder of this process for files that pass through it, in a folder that several processes share.
///
/// Each process holds a lock in its own folder for as long as it lives; who starts removes the folders whose lock is
/// free. So what a killed process left behind is gone at the next start, and a living one's files are never touched.
final class ScratchFolder: Sendable {
    let path: FilePath
    private let lock: FileDescriptor

    /// Makes a folder in `parent`, which is made if it is missing.
    init(in parent: FilePath) throws {
        try Self.makeFolder(parent)
        // Between making a folder and locking it, it looks abandoned: one process at a time.
        let gate = try Self.openLock(parent.appending("lock"))
        defer { try? gate.close() }  // closing a lock file loses nothing
        try Self.takeLock(gate, wait: true)
        try Self.removeAbandoned(in: parent)
        path = parent.appending(UUID().uuidString)
        try Self.makeFolder(path)
        lock = try Self.openLock(path.appending("lock"))
        try Self.takeLock(lock, wait: false)
    }

    deinit {
        // If it cannot be removed now, the next start does it.
        try? FileManager.default.removeItem(atPath: path.string)
        try? lock.close()
    }

    /// Runs `body` with a new folder that is removed afterwards.
    func withFolder<T>(_ body: (FilePath) async throws -> T) async throws -> T {
        let folder = path.appending(UUID().uuidString)
        try Self.makeFolder(folder)
        // As in deinit.
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        return try await body(folder)
    }

    private static func removeAbandoned(in parent: FilePath) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: parent.string)
        where UUID(uuidString: name) != nil {
            let folder = parent.appending(name)
            let lock = try openLock(folder.appending("lock"))
            defer { try? lock.close() }
            if (try? takeLock(lock, wait: false)) == nil { continue }  // its process lives
            // A program that outlived its server may write there while we remove. If it wins, the next start is
            // soon enough: nothing depends on it.
            for _ in 0..<3 where (try? FileManager.default.removeItem(atPath: folder.string)) != nil { break }
        }
    }

    private static func makeFolder(_ path: FilePath) throws {
        try FileManager.default.createDirectory(
            atPath: path.string, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// Close-on-exec: a child that outlives us must not keep the lock.
    private static func openLock(_ path: FilePath) throws -> FileDescriptor {
        try FileDescriptor.open(path, .readWrite, options: [.create, .closeOnExec], permissions: .ownerReadWrite)
    }

    private static func takeLock(_ file: FileDescriptor, wait: Bool) throws {
        guard flock(file.rawValue, LOCK_EX | (wait ? 0 : LOCK_NB)) == 0 else { throw Errno(rawValue: errno) }
    }
}
