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

/// A process's proof of life for its computations: an exclusive `flock` on a file of its own, which the kernel takes away
/// in the moment in which the process ends, however it ends.
///
/// The descriptor is close-on-exec, since a child that inherits it would keep the dead process alive.
final class ProcessMark: Sendable {
    private static let (prefix, suffix) = ("cache-", ".process")

    /// What other processes find in the row of a computation.
    let name: String
    private let path: String
    private let descriptor: Int32

    /// Makes and locks the file, and removes those of processes that have died.
    ///
    /// - Throws: `CacheError` with `lockFile`.
    init(in directory: String) throws {
        Self.removeDead(in: directory)
        name = UUID().uuidString
        path = Self.path(of: name, in: directory)
        // It gets its name when it is locked: a peer never finds it free.
        let hidden = path + ".new"
        descriptor = open(hidden, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0, rename(hidden, path) == 0 else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw CacheError(
                .lockFile,
                "Starting a computation: its lock file \(path) could not be made (\(reason)). Check the folder's owner "
                    + "and permissions")
        }
    }

    deinit {
        unlink(path)
        close(descriptor)
    }

    private static func path(of name: String, in directory: String) -> String {
        "\(directory)/\(prefix)\(name)\(suffix)"
    }

    /// Whether the process of that name is dead, or its file is gone. The latter is no proof, since someone may have
    /// emptied the folder, but all that a wrong answer costs is a second computation.
    static func isDead(_ name: String, in directory: String) -> Bool {
        isDead(at: path(of: name, in: directory))
    }

    private static func isDead(at path: String) -> Bool {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return errno == ENOENT }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }

    private static func removeDead(in directory: String) {
        // A folder that cannot be read keeps its old files, which are empty and harm nobody.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for name in names where name.hasPrefix(prefix) && name.hasSuffix(suffix) {
            let path = directory + "/" + name
            if isDead(at: path) { unlink(path) }
        }
    }
}
