public import LiteCable
public import LiteCache
public import LiteDB
public import LiteJobs

extension Stack {
    /// How the parts of a stack are set up.
    public struct Configuration: Sendable {
        /// The database: `app.sqlite3`, with durability `.full`.
        public var database = Database.Configuration()
        /// The cache: `cache.sqlite3`, with durability `.normal`.
        public var cache = Cache.Configuration()
        /// The job queue, in `app.sqlite3`.
        public var jobs = JobQueue.Configuration()
        /// The cable, in `app.sqlite3`.
        public var cable = Cable.Configuration()

        /// The defaults.
        public init() {}
    }
}
