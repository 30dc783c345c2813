import CLiteStackSQLite

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Finds a second copy of SQLite in the process.
///
/// Each copy keeps its own list of POSIX locks, and a close in one drops the locks of the other
/// (https://sqlite.org/howtocorrupt.html §2.2.1), so two copies must never open one file. What a static library brought
/// into the program without exporting it cannot be seen.
enum LoadedSQLite {
    /// Sets what must be set before the first connection of the process. Evaluated once.
    private static let isPrepared: Bool = {
        litestack_stop_counting_memory()
        return true
    }()

    /// Throws if the process has more than one exported `sqlite3_open_v2`.
    static func check() throws {
        _ = isPrepared
        let copies = copies()
        guard copies.count > 1 else { return }
        throw DatabaseError(
            .twoSQLites,
            "Opening a database: \(copies.count) copies of SQLite are loaded (\(copies.joined(separator: ", "))). "
                + "They break each other's locks. Link everything against one libsqlite3")
    }

    /// The files that hold a copy.
    static func copies() -> [String] {
        // Without /proc (macOS) there is nothing to look through.
        guard let maps = KernelFile.text(at: "/proc/self/maps") else { return [] }
        let mappings = maps.split(separator: "\n").compactMap(Mapping.init)
        var found: Set<String> = []
        for path in [nil] + Set(mappings.map(\.path)).map(Optional.some) {
            // RTLD_NOLOAD: only what is loaded already.
            guard let library = dlopen(path, RTLD_LAZY | RTLD_NOLOAD) else { continue }
            defer { dlclose(library) }
            guard let symbol = dlsym(library, "sqlite3_open_v2") else { continue }
            let address = UInt(bitPattern: symbol)
            if let home = mappings.first(where: { $0.range.contains(address) }) { found.insert(home.path) }
        }
        return found.sorted()
    }

    /// A line of /proc/self/maps: "7f00-7f10 r-xp 00000000 fe:01 1234   /lib/libsqlite3.so.0".
    private struct Mapping {
        let range: Range<UInt>
        let path: String

        init?(_ line: Substring) {
            let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            // Code only. The maps list our -shm files too, and dlopen would open and close what it is given: that drops
            // every lock that SQLite holds on it.
            guard fields.count == 6, fields[1].contains("x"), let slash = fields[5].firstIndex(of: "/") else {
                return nil
            }
            let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard ends.count == 2, ends[0] < ends[1] else { return nil }
            range = ends[0]..<ends[1]
            path = String(fields[5][slash...])
        }
    }
}
