import CLiteStackSQLite

/// Which file systems break SQLite's WAL: they do not share memory or locks between all who use the file.
enum FileSystemKind {
    /// The name of an unsafe file system that holds `directory`, or nil.
    static func unsafeName(of directory: String) -> String? {
        #if os(Linux)
        name(forType: litestack_filesystem_type(directory))
        #else
        nil
        #endif
    }

    /// The magic numbers are those of statfs(2).
    static func name(forType type: Int) -> String? {
        switch UInt32(truncatingIfNeeded: type) {
        case 0x6969: "NFS"
        case 0x517b: "SMB"
        case 0xff53_4d42, 0xfe53_4d42: "CIFS/SMB2"
        case 0x0102_1997: "9p"
        case 0x6573_5546: "FUSE or virtiofs"
        case 0x0bd0_0bd0: "Lustre"
        case 0x00c3_6400: "Ceph"
        case 0x5346_414f: "AFS"
        default: nil
        }
    }
}
