/// Which file a database is, by device and inode: equal for two handles on one file, whatever path they were opened by.
public struct DatabaseIdentifier: Sendable, Hashable {
    let device: UInt64
    let inode: UInt64
}
