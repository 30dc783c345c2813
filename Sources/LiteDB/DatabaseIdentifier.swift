/// Which file a database is, by device and inode: equal for two handles on one file, whatever path they were opened by.
public struct DatabaseIdentifier: Sendable, Hashable {
    package let device: UInt64
    /// The inode's number: another one after a file was restored or copied, the same for as long as it stays in place.
    package let inode: UInt64
}
