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
