import CLiteStackSQLite
import Synchronization

/// The file that is written after each commit, so that other processes wake. Its content means nothing.
final class Doorbell: Sendable {
    let path: String
    private let descriptor: Mutex<Int32>

    init(directory: String, name: String) {
        path = "\(directory)/\(name).doorbell"
        descriptor = Mutex(litestack_open(path, O_RDWR | O_CREAT, 0o600))
    }

    deinit {
        let opened = descriptor.withLock { $0 }
        if opened >= 0 { close(opened) }
    }

    /// Wakes everyone who watches. About 1 µs.
    func ring() {
        descriptor.withLock { opened in
            guard opened >= 0 else { return }
            var byte: UInt8 = 1
            // A full disk loses the ring, not the commit: the tick finds it.
            _ = pwrite(opened, &byte, 1, 0)
        }
    }

    /// Whether the file at the path is not the one that is rung: it was deleted. inotify does not tell as long as
    /// anybody has it open.
    var isMissing: Bool {
        var own = stat()
        var present = stat()
        let isOpen = descriptor.withLock { opened in opened >= 0 && fstat(opened, &own) == 0 }
        guard isOpen, litestack_stat(path, &present) == 0 else { return true }
        return own.st_ino != present.st_ino || own.st_dev != present.st_dev
    }

    /// Makes the file again if it was deleted, with its folder.
    func renew() {
        // Without the folder the tick alone finds commits; the next try comes with the next thorough tick.
        try? DatabaseFile.makeDirectory(DatabaseFile.parent(of: path))
        descriptor.withLock { opened in
            if opened >= 0 { close(opened) }
            opened = litestack_open(path, O_RDWR | O_CREAT, 0o600)
        }
    }
}
