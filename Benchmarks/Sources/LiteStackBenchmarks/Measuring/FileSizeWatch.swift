import CBenchSQLite
import Synchronization

/// Looks at a file's size by its name, all the time, and keeps the largest.
///
/// It opens nothing: closing a descriptor of a database file would drop SQLite's locks.
final class FileSizeWatch: Sendable {
    private let largest = Mutex(0)
    private let loop = BackgroundLoop()

    init(path: String) {
        loop.start { [self] in
            var info = stat()
            if stat(path, &info) == 0 {
                let size = Int(info.st_size)
                largest.withLock { $0 = max($0, size) }
            }
            usleep(20_000)  // how often it looks; on a thread of its own
        }
    }

    /// Ends, and gives the largest size seen.
    func stop() -> Int {
        loop.stop()
        return largest.withLock { $0 }
    }
}
