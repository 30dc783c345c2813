public import LiteDB
public import Logging

/// Values that can be made anew: in the process's memory and in an SQLite file, within a budget of bytes, until their time
/// is over.
///
/// ```swift
/// let page = try await cache.fetch("gallery", expiresIn: .seconds(60), tags: ["pictures"]) { try await render() }
/// ```
///
/// Keys are any strings. Bytes, text and numbers are stored as they are, every other value as the coder writes it. Several
/// processes can use one file: what one has changed, the others see at once, in memory too.
///
/// A cache is also a handle of a namespace; see ``namespace(_:)``.
public final class Cache: Sendable {
    let core: CacheCore
    let scope: Scope
    // For hits: the core keeps them, and counting references would make threads wait for one another.
    let memory: Unmanaged<MemoryStripes>?
    let clock: Unmanaged<WallClock>

    init(_ core: CacheCore, _ scope: Scope) {
        self.core = core
        self.scope = scope
        memory = core.memory.map { .passUnretained($0) }
        clock = .passUnretained(core.clock)
    }

    /// Uses a database that is open already; the cache's tables are made if they are missing.
    ///
    /// In a database with durability `.full` every change waits for the disk. See ``open(at:tagsIn:configuration:logger:)``.
    ///
    /// - Throws: `DatabaseError`.
    public convenience init(
        _ database: Database, configuration: Configuration = Configuration(), logger: Logger = .current
    ) async throws {
        let core = try await CacheCore(
            database, tagsIn: database, configuration, logger, ownsDatabase: false)
        self.init(core, core.scope(""))
    }

    /// Opens a cache in a file of its own, with durability `.normal`.
    ///
    /// It starts empty after the machine was started anew: a power cut takes back what was written last, and a value
    /// that was deleted must not come back. A damaged file is set aside, and a new one made.
    ///
    /// A damaged file that another process has open, and one of a newer release that this one cannot use, stays in its
    /// place, and the cache is degraded until it is closed: it says so in one warning and by ``isDegraded``. Reads find nothing,
    /// `fetch` computes, once for all callers of this process, and changes throw `CacheError` with `degraded`. Tags and
    /// namespaces are still invalidated if `tagsIn` was given. Nothing is stored in its stead, since nobody could tell this
    /// process what others change. Its empty file is in the system's temporary folder, and removed by ``close()``.
    ///
    /// The same holds from then on for a file that turns out damaged while it is open, is removed, or is changed by a newer
    /// release in a way that this one cannot use: no read throws `damaged`. The next open sets a damaged file aside if nobody
    /// has it open.
    ///
    /// - Parameters:
    ///   - path: The file's path.
    ///   - application: The database whose transactions invalidate tags and namespaces, which `Stack` gives. Default nil:
    ///     the cache's own file. After a backup of it was restored the cache starts empty.
    ///   - configuration: How large it may be, and how long entries live.
    ///   - logger: For what nobody can be told by an error.
    /// - Throws: `DatabaseError`; `CacheError` with `degraded` if not even the temporary folder can be used.
    public static func open(
        at path: String, tagsIn application: Database? = nil, configuration: Configuration = Configuration(),
        logger: Logger = .current
    ) async throws -> Cache {
        let core = try await CacheCore.open(at: path, tagsIn: application, configuration, logger)
        return Cache(core, core.scope(""))
    }

    /// Whether the file cannot be used: when it was opened it was damaged and others had it open, or it is of a newer
    /// release; or later it turned out damaged, was removed, or outgrew this release. See
    /// ``open(at:tagsIn:configuration:logger:)``.
    public var isDegraded: Bool { core.isDegraded }

    /// Ends computations that are under way, and closes the file if the cache opened it. Call it on one handle.
    public func close() async {
        await core.close()
    }

    /// The entries of a namespace: the same cache, in which a key means another entry.
    ///
    /// A namespace can be cleared in constant time, in a transaction of the application if need be, and has statistics of
    /// its own. Namespaces do not nest: this is the same whether it is called on the cache or on another namespace.
    ///
    /// - Parameter name: Any text without the unit separator U+001F. Empty is the cache itself.
    public func namespace(_ name: String) -> Cache {
        precondition(!name.contains(Scope.separator), "a namespace's name may not hold U+001F")
        return Cache(core, core.scope(name))
    }
}
