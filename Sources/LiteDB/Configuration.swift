public import CoreMetrics

extension Database {
    /// What an acknowledged write survives.
    public enum Durability: Sendable, Hashable {
        /// A write is on the disk when it returns: it survives a power cut. One fsync a commit, shared by a group.
        case full
        /// A write survives the process being killed. A power cut can lose the last moments, in whole transactions,
        /// and never damages the file.
        case normal
    }

    /// Who moves the WAL's content into the database file.
    public enum CheckpointMode: Sendable, Hashable {
        /// LiteDB, at the threshold, so that no checkpoint ever overlaps a WAL reset.
        case automatic
        /// Nobody here: a tool such as Litestream does it. The WAL grows until it has.
        case external
    }

    /// How a database is opened. Every setting has a default that suits a server.
    public struct Configuration: Sendable {
        /// What an acknowledged write survives. Default `.full`.
        public var durability = Durability.full
        /// Connections for reading that are open from the start. Default 4. More let more threads read at once; each
        /// holds a page cache of its own.
        public var readerCount = 4
        /// The most readers that are opened when all are in use. Default 32. Those above `readerCount` are closed again
        /// once none of them was needed for ten seconds.
        public var maximumReaderCount = 32
        /// The page cache of each connection, in bytes. Default 16 MiB, filled as it is needed. More saves
        /// calls of `pread`, of about 0.7 µs each, when the pages in use are more.
        public var cacheBytes = 16 << 20
        /// How long a call may wait for a lock, its time in the queue included. Default 5 s. Then it throws `.busy`.
        public var busyTimeout = Duration.seconds(5)
        /// Whether readers keep their snapshot between reads while nothing was committed. Default true: a small read
        /// costs a third. Off, a stopped process cannot hold the WAL back with an idle snapshot.
        public var keepsSnapshots = true
        /// Whether the content can be made anew, like a cache's. Default false. Then a damaged file is renamed when it is
        /// opened, with an empty one in its place, if no other process has it open; and deleted pages are not overwritten.
        public var isDisposable = false
        /// Who checkpoints. Default `.automatic`.
        public var checkpoints = CheckpointMode.automatic
        /// After how many frames (pages) of the WAL a checkpoint starts. Default 1,000 with `.full` and 4,000 with
        /// `.normal`. More means fewer and longer ones.
        public var checkpointFrameCount: Int?
        /// The most writes that share one commit. Default 512.
        public var maximumGroupCount = 512
        /// After this time a group takes no further write. Default 5 ms. A write that runs is never interrupted.
        public var maximumGroupDuration = Duration.milliseconds(5)
        /// How long the writer waits, under load only, for as many writes as the last group had. Default 100 µs.
        public var groupLinger = Duration.microseconds(100)
        /// A write closure that takes longer is logged as a warning, with its place in the source. Default 100 ms.
        public var slowWriteThreshold = Duration.milliseconds(100)
        /// A snapshot held longer than this while the WAL grows is logged as a warning, once. Default 10 s.
        public var longReadThreshold = Duration.seconds(10)
        /// The longest that one read may take; then its next step throws `.snapshotTooOld`. Default nil: no limit. With
        /// one the WAL stays bounded whatever is read. A closure that does not touch the database is not interrupted.
        public var maximumSnapshotAge: Duration?
        /// Prepared statements kept for each connection. Default 128.
        public var statementCacheCount = 128
        /// Whether a network or passthrough file system, or a file with several hard links, is opened all the same.
        /// Default false: SQLite's locks and shared memory are not sound there.
        public var allowsUnsafeFiles = false
        /// Functions that SQL can call. Default none.
        public var functions: [SQLFunction] = []
        /// Paths of extensions to load into every connection, in order. Default none. An extension is native code
        /// with all the rights of the process.
        public var extensions: [String] = []
        /// Where counts and durations go: `litestack.db.writes`, `.commits`, `.commit.duration`, `.busy`,
        /// `.checkpoint.duration` and `.wal.bytes`. Default the factory that `MetricsSystem` was bootstrapped with.
        public var metrics: any MetricsFactory = MetricsSystem.factory
        /// Called after each statement, on the thread that ran it. Default nil, which costs nothing.
        public var statementObserver: (@Sendable (StatementEvent) -> Void)?

        /// The defaults.
        public init() {}

        var checkpointThreshold: Int {
            min(max(checkpointFrameCount ?? (durability == .full ? 1_000 : 4_000), 1), 1 << 20)
        }
    }
}
