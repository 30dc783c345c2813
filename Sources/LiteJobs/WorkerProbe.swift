#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A look at another worker's lock file.
enum WorkerProbe {
    /// Somebody holds the lock, or it cannot be told.
    case alive
    /// Nobody holds it: the worker is dead, and stays so while this is kept.
    case dead(HeldLock)
    /// There is no file. That alone proves nothing: somebody may have emptied the folder.
    case missing

    /// The dead worker's lock, held until this is gone, so that nobody else rescues the same jobs.
    final class HeldLock: Sendable {
        private let descriptor: Int32
        private let path: String

        fileprivate init(descriptor: Int32, path: String) {
            self.descriptor = descriptor
            self.path = path
        }

        deinit {
            close(descriptor)
        }

        /// Removes the file, unless another one has its name by now: a worker that was wrongly taken for dead makes its
        /// own again.
        func removeFile() {
            if LockFile.isSame(descriptor, path) { unlink(path) }
        }
    }

    /// Tries to take the lock, without waiting and without making the file.
    init(of path: String) {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            self = errno == ENOENT ? .missing : .alive
            return
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, LockFile.isSame(descriptor, path) else {
            close(descriptor)
            self = .alive
            return
        }
        self = .dead(HeldLock(descriptor: descriptor, path: path))
    }
}

/// What both sides of the lock ask.
enum LockFile {
    /// When the file was last touched, in milliseconds since 1970; nil if it is not there.
    static func touchedAt(_ path: String) -> Int64? {
        var named = stat()
        guard stat(path, &named) == 0 else { return nil }
        #if canImport(Darwin)
        let time = named.st_mtimespec
        #else
        let time = named.st_mtim
        #endif
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// The time of day by the clock that the file system uses.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Whether the path leads to the open file.
    static func isSame(_ descriptor: Int32, _ path: String) -> Bool {
        var opened = stat()
        var named = stat()
        return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0 && opened.st_dev == named.st_dev
            && opened.st_ino == named.st_ino
    }
}
