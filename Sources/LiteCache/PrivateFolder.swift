import Logging

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A new folder of this process alone, in the system's temporary one, that vanishes with it. If the process is killed, it
/// stays there.
final class PrivateFolder: Sendable {
    let path: String

    /// - Throws: `CacheError` with `degraded`.
    init() throws {
        path =
            FileManager.default.temporaryDirectory.appendingPathComponent("litestack-cache-\(UUID().uuidString)").path
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CacheError(
                .degraded,
                "Doing without a cache file that cannot be used: the folder \(path) could not be made. Check the system's "
                    + "temporary folder, or stop all processes that have the cache open and start them again",
                underlying: error)
        }
    }

    deinit {
        // Closed, and so removed already; or forgotten, and then there is nobody to tell if it fails.
        try? FileManager.default.removeItem(atPath: path)
    }

    func remove(_ logger: Logger) {
        guard FileManager.default.fileExists(atPath: path) else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            logger.warning(
                "A temporary folder of the cache could not be removed",
                metadata: ["path": "\(path)", "error": "\(error)"])
        }
    }
}
