import CLiteStackSQLite
import Logging

/// Sets a damaged disposable file aside, so that a new one is made in its place.
///
/// Only for a file whose content can be made anew, and only while no process has it open: its writers would go on
/// writing into the file that was moved away. A damaged application file is never touched.
struct DamagedFile {
    let path: String
    let runDirectory: String
    let logger: Logger

    /// Says, for the next open, that statements found the file damaged.
    var marker: String { Self.marker(of: path, in: runDirectory) }

    static func marker(of path: String, in runDirectory: String) -> String {
        "\(runDirectory)/\(DatabaseFile.lastComponent(of: path)).damaged"
    }

    /// Leaves the marker; losing it only means that the next statement finds the damage again.
    static func mark(_ marker: String) {
        let descriptor = litestack_open(marker, O_WRONLY | O_CREAT, 0o600)
        if descriptor >= 0 { close(descriptor) }
    }

    var isMarked: Bool { access(marker, F_OK) == 0 }

    /// Moves the file and what belongs to it, unless another process has it open.
    ///
    /// - Parameter isDamaged: Asked again once nobody else can mend it meanwhile.
    func setAside(_ lock: OpenLock, if isDamaged: () -> Bool) throws {
        var kept: String?
        _ = try lock.whileNobodyHasItOpen {
            guard isDamaged() else { return }
            let aside = path + ".damaged-" + Self.timestamp()
            for suffix in ["", "-wal", "-shm"] where access(path + suffix, F_OK) == 0 {
                guard rename(path + suffix, aside + suffix) == 0 else {
                    throw DatabaseError(
                        .cannotOpen,
                        "Setting the damaged file \(path)\(suffix) aside: \(String(cString: strerror(litestack_errno())))"
                    )
                }
            }
            unlink(marker)
            kept = aside
        }
        guard let kept else { return }
        logger.warning(
            "a damaged disposable file was set aside, and a new one takes its place",
            metadata: ["litestack.db.path": "\(path)", "litestack.db.kept": "\(kept)"])
    }

    /// Milliseconds since 1970, for a name that is not there yet.
    private static func timestamp() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return "\(now.tv_sec * 1000 + now.tv_nsec / 1_000_000)"
    }
}
