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

/// The folder of a stack: private to its user, since it holds everything.
enum StackFolder {
    /// Makes the folder if it is missing, and private (0700) if it is not.
    ///
    /// - Throws: `StackError` with `folder`.
    static func prepare(_ path: String) throws {
        guard !path.isEmpty else {
            throw StackError(.folder, "Opening a stack: the folder's path is empty. Give one, for example `data`")
        }
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw StackError(.folder, "Making the folder \(path): \(error). Check the owner and the permissions")
        }
        var info = stat()
        guard stat(path, &info) == 0, info.st_mode & 0o777 != 0o700 else { return }
        guard chmod(path, 0o700) == 0 else {
            throw StackError(
                .folder,
                "Making the folder \(path) private (mode 0700): \(String(cString: strerror(errno))). It belongs to "
                    + "another user; give the stack a folder of its own")
        }
    }

    /// A new folder under the system's temporary one.
    static func makeTemporary() throws -> String {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("litestack-\(UUID().uuidString)").path
        try prepare(path)
        return path
    }

    /// Removes the folder with everything in it.
    static func remove(_ path: String) throws {
        try FileManager.default.removeItem(atPath: path)
    }
}
