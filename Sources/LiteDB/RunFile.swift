import CLiteStackSQLite

/// A small file in `run/`, beside the locks, for a hint that must not travel with a backup of the database file.
///
/// It is never synced, and may be gone at any time: who reads it has to do without. `@unchecked Sendable`: the descriptor
/// is set once.
package final class RunFile: @unchecked Sendable {
    private let path: String
    private let descriptor: Int32

    /// Opens `run/<name of the database>.<suffix>`, made if it is missing.
    ///
    /// - Throws: `DatabaseError` with `cannotOpen`.
    package init(_ database: Database, suffix: String) throws {
        path = "\(database.runDirectory)/\(DatabaseFile.lastComponent(of: database.path)).\(suffix)"
        descriptor = litestack_open(path, O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0 else {
            throw DatabaseError(
                .cannotOpen,
                "Opening \(path): \(String(cString: strerror(litestack_errno()))). Check the owner and permissions")
        }
    }

    deinit {
        close(descriptor)
    }

    /// The first bytes: fewer than `count` if the file is shorter.
    ///
    /// - Throws: `DatabaseError` with `io`.
    package func read(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = pread(descriptor, &bytes, count, 0)
        guard got >= 0 else { throw failure("Reading") }
        return Array(bytes[..<got])
    }

    /// Replaces bytes at an offset, by one call. Not synced.
    ///
    /// - Throws: `DatabaseError` with `io`.
    package func write(_ bytes: [UInt8], at offset: Int = 0) throws {
        guard pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count else { throw failure("Writing") }
    }

    private func failure(_ doing: String) -> DatabaseError {
        DatabaseError(.io, "\(doing) \(path): \(String(cString: strerror(litestack_errno())))")
    }
}

extension Database {
    /// When the file was made, in nanoseconds since 1970; 0 where the file system does not know. It tells files apart that
    /// had the same inode one after the other.
    package var fileBirth: Int64 { litestack_birth(path) }
}
