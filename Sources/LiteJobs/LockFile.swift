#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What both sides of the lock ask.
enum LockFile {
    /// When the file was last touched, in milliseconds since 1970; nil if it is not there.
    static func touchedAt(_ path: String) -> Int64? {
        var named = stat()
        return stat(path, &named) == 0 ? time(of: named) : nil
    }

    /// The same of an open file.
    static func touchedAt(_ descriptor: Int32) -> Int64? {
        var opened = stat()
        return fstat(descriptor, &opened) == 0 ? time(of: opened) : nil
    }

    private static func time(of file: stat) -> Int64 {
        #if canImport(Darwin)
        let time = file.st_mtimespec
        #else
        let time = file.st_mtim
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

    /// Writes the name of the database file down.
    static func setOwner(_ owner: String, of descriptor: Int32) {
        var owner = owner
        // On a full disk the file stays empty: it is then removed later, if it has to be.
        _ = owner.withUTF8 { bytes in pwrite(descriptor, bytes.baseAddress, bytes.count, 0) }
    }

    /// The name of the database file; empty if it was not written.
    static func owner(of descriptor: Int32) -> String {
        let name = [UInt8](unsafeUninitializedCapacity: 1_024) { buffer, count in
            count = max(pread(descriptor, buffer.baseAddress, buffer.count, 0), 0)
        }
        return String(decoding: name, as: UTF8.self)
    }
}
