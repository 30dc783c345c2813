/// The settings as SQLite reports them on a connection for writing.
public struct EffectiveSettings: Sendable, Equatable {
    /// The SQLite library's version, as "3.40.1".
    public let sqliteVersion: String
    /// `wal`, always.
    public let journalMode: String
    /// 1 is NORMAL, 2 is FULL.
    public let synchronous: Int
    /// Whether foreign keys are enforced.
    public let foreignKeys: Bool
    /// 0 is off; then checkpoints are LiteDB's.
    public let walAutocheckpoint: Int
    /// Bytes of the page cache of each connection.
    public let cacheBytes: Int
    /// 2 is incremental. A file that was made elsewhere keeps its own.
    public let autoVacuum: Int
    /// Bytes that the WAL file is cut to when it starts over.
    public let journalSizeLimitBytes: Int
    /// 0: no memory mapping.
    public let mmapBytes: Int
    /// Whether deleted content is overwritten.
    public let secureDelete: Bool
    /// Whether functions in the schema are trusted; they are not.
    public let trustedSchema: Bool
    /// 2: temporary tables live in memory.
    public let tempStore: Int
    /// After how many frames a checkpoint starts; nil if it is somebody else's.
    public let checkpointFrameCount: Int?
}
