import LiteDB

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Lock files that nobody will ever ask for: of workers that were killed before they registered, or whose rescuer was
/// killed before it removed the file.
///
/// A file goes only while its lock is held here, if by then no worker of its name is registered: a worker registers only
/// while it holds the lock, so none can come in between. The path must still lead to the file that is locked. One that was
/// touched within the last minute stays, so that a worker that is just making its own never finds it taken.
struct LeftoverFiles {
    /// How long a file was not touched. A live worker holds its lock, whatever its file says.
    private static let age: Int64 = 60_000
    /// The same of a file without a name in it, which can be another database's.
    private static let unnamedAge: Int64 = 24 * 60 * 60 * 1000
    /// How many are held at a time.
    private static let batchCount = 64

    let directory: String
    /// The name of the database file.
    let owner: String

    init(of database: Database) {
        directory = database.runDirectory
        owner = Self.owner(for: database)
    }

    /// The name by which files of this database are known.
    static func owner(for database: Database) -> String {
        String(database.path.split(separator: "/").last ?? "")
    }

    /// Removes them.
    ///
    /// - Parameter registered: Gives the UUIDs of the workers that are registered. Called after files were locked.
    /// - Returns: How many there were.
    func remove(except registered: () throws -> Set<String>) rethrows -> Int {
        var names = candidates()
        var count = 0
        while !names.isEmpty {
            let held = names.suffix(Self.batchCount).compactMap { name in
                uuid(of: name).flatMap { HeldFile(path: "\(directory)/\(name)", uuid: $0) }
            }
            names.removeLast(min(Self.batchCount, names.count))
            let mine = held.filter { isOld($0) }
            guard !mine.isEmpty else { continue }
            let known = try registered()
            for file in mine where !known.contains(file.uuid) && file.remove() { count += 1 }
        }
        return count
    }

    /// The names of files that have not been touched for a while.
    private func candidates() -> [String] {
        guard let folder = opendir(directory) else { return [] }  // somebody emptied it: there is nothing to remove
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard uuid(of: name) != nil, let touched = LockFile.touchedAt("\(directory)/\(name)"),
                Self.isPast(touched, Self.age)
            else { continue }
            names.append(name)
        }
        return names
    }

    private func uuid(of name: String) -> String? {
        guard name.hasPrefix("worker-") else { return nil }
        let rest = name.dropFirst("worker-".count)
        for suffix in [".lock", ".lock.new"] where rest.hasSuffix(suffix) { return String(rest.dropLast(suffix.count)) }
        return nil
    }

    private func isOld(_ file: HeldFile) -> Bool {
        switch file.owner {
        case owner: Self.isPast(file.touchedAt, Self.age)
        case "": Self.isPast(file.touchedAt, Self.unnamedAge)
        default: false
        }
    }

    /// Also of a time that lies ahead, from before the clock was put back.
    private static func isPast(_ touched: Int64, _ age: Int64) -> Bool { abs(LockFile.now() - touched) >= age }
}

/// A file whose lock nobody else holds, locked until this is gone.
private final class HeldFile {
    let uuid: String
    private let path: String
    private let descriptor: Int32

    init?(path: String, uuid: String) {
        self.path = path
        self.uuid = uuid
        descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 { return nil }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    var owner: String { LockFile.owner(of: descriptor) }

    var touchedAt: Int64 { LockFile.touchedAt(descriptor) ?? LockFile.now() }

    func remove() -> Bool { LockFile.isSame(descriptor, path) && unlink(path) == 0 }
}
