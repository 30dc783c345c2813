import CLiteStackSQLite

/// The checks of a path before SQLite opens it, without ever opening the file: closing a descriptor of our own would
/// drop every lock that SQLite holds on it in this process (https://sqlite.org/howtocorrupt.html §2.2).
struct DatabaseFile {
    let path: String
    let directory: String

    /// Resolves the path, makes missing folders, and refuses what cannot be sound.
    ///
    /// Folders that are made are private (0700) and their entries are on the disk before this returns.
    ///
    /// - Parameter fileSystem: The name of the unsafe file system that holds a folder, nil if it is a sound one.
    static func prepare(
        _ path: String, allowsUnsafe: Bool, fileSystem: (String) -> String? = FileSystemKind.unsafeName
    ) throws -> DatabaseFile {
        guard !path.isEmpty, path != ":memory:", !path.hasPrefix("file:") else {
            throw DatabaseError(
                .cannotOpen,
                "Opening \"\(path)\": give the path of a file. For tests use a temporary folder; in-memory databases "
                    + "of SQLite have no WAL")
        }
        let absolute = try resolved(path)
        let directory = parent(of: absolute)
        try makeDirectory(directory)
        if !allowsUnsafe { try checkFileSystem(fileSystem(directory), for: absolute) }
        var info = stat()
        if litestack_stat(absolute, &info) == 0 {
            try check(info, absolute, allowsUnsafe: allowsUnsafe)
        }
        return DatabaseFile(path: absolute, directory: directory)
    }

    /// Makes the file, empty, if it is missing: SQLite would make it readable to others, and gives the WAL its mode.
    ///
    /// Only while nobody else in this process can open it: the descriptor that is closed here must not be of a file
    /// that SQLite has locks on.
    static func makePrivate(_ path: String) {
        let descriptor = litestack_open(path, O_RDWR | O_CREAT | O_EXCL, 0o600)
        // It is there already; or it cannot be made, and SQLite says why when it tries.
        guard descriptor >= 0 else { return }
        close(descriptor)
    }

    /// Which file stands at the path, nil if there is none.
    static func identifier(at path: String) -> DatabaseIdentifier? {
        var info = stat()
        guard litestack_stat(path, &info) == 0 else { return nil }
        return DatabaseIdentifier(
            device: UInt64(truncatingIfNeeded: info.st_dev), inode: UInt64(truncatingIfNeeded: info.st_ino))
    }

    /// The size of the file at the path, 0 if there is none.
    static func bytes(at path: String) -> Int {
        var info = stat()
        return litestack_stat(path, &info) == 0 ? Int(info.st_size) : 0
    }

    /// Makes a folder and its missing parents, and syncs the folder above each one that was made.
    static func makeDirectory(_ path: String) throws {
        var info = stat()
        if litestack_stat(path, &info) == 0 {
            guard info.st_mode & mode_t(S_IFMT) == mode_t(S_IFDIR) else {
                throw DatabaseError(.cannotOpen, "Using the folder \(path): it is a file")
            }
            return
        }
        let above = parent(of: path)
        if above != path { try makeDirectory(above) }
        guard mkdir(path, 0o700) == 0 || litestack_errno() == EEXIST else {
            let reason = String(cString: strerror(litestack_errno()))
            throw DatabaseError(
                .cannotOpen, "Making the folder \(path): \(reason). Check the owner and the permissions")
        }
        let descriptor = litestack_open(above, O_RDONLY | O_DIRECTORY, 0)
        guard descriptor >= 0 else { return }  // a folder that we may write but not read cannot be synced
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 || litestack_errno() == EINVAL else {
            throw DatabaseError(.io, "Syncing the folder \(above): \(String(cString: strerror(litestack_errno())))")
        }
    }

    private static func check(_ info: stat, _ path: String, allowsUnsafe: Bool) throws {
        guard info.st_mode & mode_t(S_IFMT) != mode_t(S_IFDIR) else {
            throw DatabaseError(.cannotOpen, "Opening \(path): it is a folder. Give the path of a file in it")
        }
        guard info.st_mode & mode_t(S_IFMT) == mode_t(S_IFREG) else {
            throw DatabaseError(.cannotOpen, "Opening \(path): it is not a regular file")
        }
        if info.st_nlink > 1, !allowsUnsafe {
            throw DatabaseError(
                .hardLinked,
                "Opening \(path): the file has \(info.st_nlink) hard links, and a process that opens it by another "
                    + "name would damage it. Remove the other names, or copy the file by `backup(to:)`")
        }
        guard access(path, W_OK) == 0 else {
            throw DatabaseError(
                .readOnly, "Opening \(path): the file cannot be written. Check its owner and permissions")
        }
    }

    private static func checkFileSystem(_ unsafeName: String?, for path: String) throws {
        guard let name = unsafeName else { return }
        throw DatabaseError(
            .unsupportedFileSystem,
            "Opening \(path): it is on \(name), where SQLite's locks and shared memory are not sound. Use a local "
                + "disk, or set `allowsUnsafeFiles` if you know that one process alone uses it")
    }

    private static func resolved(_ path: String, depth: Int = 0) throws -> String {
        guard depth < 40 else {
            throw DatabaseError(.cannotOpen, "Opening \"\(path)\": its symbolic links lead in a circle")
        }
        if let whole = realpath(path, nil) {
            defer { free(whole) }
            return String(cString: whole)
        }
        if let target = linkTarget(of: path) { return try resolved(target, depth: depth + 1) }
        // The file is not there yet: resolve the deepest folder that is.
        let name = lastComponent(of: path)
        let above = parent(of: path)
        guard !name.isEmpty, name != ".", name != ".." else {
            throw DatabaseError(.cannotOpen, "Opening \"\(path)\": it does not name a file")
        }
        if above == path || above == "." {
            guard let current = getcwd(nil, 0) else {
                throw DatabaseError(.cannotOpen, "Opening \"\(path)\": there is no working directory")
            }
            defer { free(current) }
            return above == "." ? String(cString: current) + "/" + name : path
        }
        let base = try resolved(above, depth: depth)
        return base == "/" ? "/" + name : base + "/" + name
    }

    /// Where a symbolic link leads, nil if the path is none. SQLite follows it, to a file that need not be there yet.
    private static func linkTarget(of path: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let count = readlink(path, start, buffer.count)
            guard count > 0, count < buffer.count else { return nil }
            start[count] = 0
            let target = String(cString: start)
            return target.hasPrefix("/") ? target : parent(of: path) + "/" + target
        }
    }

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func lastComponent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return path }
        return String(path[path.index(after: slash)...])
    }
}
