/// How full a database's files are.
public struct DatabaseStatistics: Sendable, Equatable {
    /// Bytes of a page.
    public let pageBytes: Int
    /// Pages of the database, those in the WAL included.
    public let pageCount: Int
    /// Pages that hold nothing and are used again.
    public let freePageCount: Int
    /// Bytes of the database file.
    public let fileBytes: Int
    /// Bytes of the WAL file. It keeps its size when it starts over.
    public let walBytes: Int
    /// Valid frames in the WAL.
    public let walFrameCount: Int
    /// Those of them that a checkpoint has copied into the database file.
    public let backfilledFrameCount: Int
    /// Connections for reading that are open.
    public let readerCount: Int
}
