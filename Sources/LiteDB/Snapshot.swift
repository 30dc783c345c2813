/// One consistent view of a database, inside `read { }` or `scan { }`. It cannot leave its closure.
///
/// The view is fixed at the first statement; commits after it are not seen until the next read.
public struct Snapshot: ~Copyable, ReadAccess {
    /// The connection behind it.
    public let session: Session

    init(_ connection: Connection) {
        session = Session(connection: connection)
    }
}
