import LiteDB
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A worker's proof of life: an exclusive `flock` on a file of its own, which the kernel takes away in the moment in
/// which the process ends, however it ends.
///
/// The descriptor is close-on-exec, since a child that inherits it would keep the dead worker alive. A `fork` without
/// `exec` while a worker runs is not supported for the same reason.
///
/// The file says whose it is, the name of the database file, because several can share the folder: `LeftoverFiles` removes
/// those that nobody needs.
final class WorkerLock: Sendable {
    let path: String
    let descriptor: Mutex<Int32>
    private let owner: String

    private init(path: String, owner: String, descriptor: Int32) {
        self.path = path
        self.owner = owner
        self.descriptor = Mutex(descriptor)
    }

    deinit {
        release()
    }

    static func path(for uuid: String, in directory: String) -> String {
        "\(directory)/worker-\(uuid).lock"
    }

    /// Makes and locks the file of a fresh UUID. The worker may be registered only after this.
    ///
    /// - Parameter owner: The name of the database file.
    /// - Throws: `JobError` with `lockFile`; `DatabaseError` with `diskFull`.
    static func acquire(uuid: String, in directory: String, for owner: String) throws -> WorkerLock {
        let path = path(for: uuid, in: directory)
        return WorkerLock(path: path, owner: owner, descriptor: try lockedFile(at: path, for: owner))
    }

    /// Whether the path still leads to the file that is locked, as it does not after someone emptied the folder.
    var isIntact: Bool {
        descriptor.withLock { descriptor in LockFile.isSame(descriptor, path) }
    }

    /// Makes the file again, locked from the moment in which it has its name: a peer never finds it free.
    ///
    /// - Throws: As ``acquire(uuid:in:for:)``.
    func renew() throws {
        _ = mkdir(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]), 0o700)  // it may be there
        let hidden = path + ".new"
        let renewed = try Self.lockedFile(at: hidden, for: owner)
        guard rename(hidden, path) == 0 else {
            let failure = Self.failure("naming", hidden)
            unlink(hidden)
            close(renewed)
            throw failure
        }
        let old = descriptor.withLock { descriptor in
            defer { descriptor = renewed }
            return descriptor
        }
        if old >= 0 { close(old) }
    }

    /// Whether it was not given back.
    var isHeld: Bool { descriptor.withLock { $0 >= 0 } }

    /// Notes on the file that the worker still does something: a stopped process does not.
    func touch() {
        descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return }
            _ = futimens(descriptor, nil)  // a missing sign of life only makes others warn
        }
    }

    /// Removes the file and gives the lock back: of a worker that is not registered any more.
    func remove() {
        unlink(path)
        release()
    }

    /// Gives the lock back, also if a child that is between its fork and its exec holds a copy of the descriptor.
    func release() {
        let held = descriptor.withLock { descriptor in
            defer { descriptor = -1 }
            return descriptor
        }
        guard held >= 0 else { return }
        _ = flock(held, LOCK_UN)
        close(held)
    }

    private static func lockedFile(at path: String, for owner: String) throws -> Int32 {
        var number: Int32 = 0
        for _ in 0..<100 {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw failure("making", path) }
            // Someone can lock or remove it between the two calls; then it is made again.
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0, LockFile.isSame(descriptor, path) {
                LockFile.setOwner(owner, of: descriptor)
                return descriptor
            }
            number = errno
            close(descriptor)
            usleep(1_000)  // who looks at it or removes it is done in microseconds; a tenth of a second at most
        }
        throw failure("locking", path, number)
    }

    private static func failure(_ action: String, _ path: String, _ number: Int32 = errno) -> any Error {
        let action = "Starting a worker: \(action) its lock file \(path)"
        if number == ENOSPC || number == EDQUOT {
            return DatabaseError(.diskFull, "\(action) failed: the disk is full. Free some space")
        }
        return JobError(
            .lockFile,
            "\(action) failed (\(String(cString: strerror(number)))). Check the folder's owner and permissions")
    }
}
