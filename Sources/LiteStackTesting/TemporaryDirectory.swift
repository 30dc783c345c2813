import Foundation

/// Runs `body` with the path of a new, private folder, which is gone afterwards.
///
/// It is on a real disk (in `TMPDIR`, or `/tmp`), because SQLite's memory databases have no WAL.
///
/// - Throws: What `body` throws, and the error of making the folder.
@discardableResult
public func withTemporaryDirectory<Result>(_ body: (_ path: String) async throws -> Result) async throws -> Result {
    let path = FileManager.default.temporaryDirectory.path + "/litestack-" + UUID().uuidString
    try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    // A folder that stays behind harms no test, and must not hide the error of the body.
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}
