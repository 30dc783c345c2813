import CoreMetrics

/// What a database tells swift-metrics. Each has the dimension `file`, the name of the file.
///
/// | label | kind | moves |
/// | --- | --- | --- |
/// | `litestack.db.writes` | counter | by the writes of a commit, after it |
/// | `litestack.db.commits` | counter | by one after each commit, checkpoints and migrations not counted |
/// | `litestack.db.commit.duration` | timer | with what COMMIT took, its fsync included |
/// | `litestack.db.busy` | counter | by one for each write that gave up waiting for the write lock |
/// | `litestack.db.checkpoint.duration` | timer | with what a checkpoint took, beside the writers and under their lock |
/// | `litestack.db.wal.bytes` | gauge | every half second: the size of the WAL file |
struct DatabaseMetrics: Sendable {
    private let writes: Counter
    private let commits: Counter
    let commitDuration: Timer
    private let busy: Counter
    let checkpointDuration: Timer
    private let walBytes: Gauge

    init(path: String, factory: any MetricsFactory) {
        let file = [("file", DatabaseFile.lastComponent(of: path))]
        writes = Counter(label: "litestack.db.writes", dimensions: file, factory: factory)
        commits = Counter(label: "litestack.db.commits", dimensions: file, factory: factory)
        commitDuration = Timer(label: "litestack.db.commit.duration", dimensions: file, factory: factory)
        busy = Counter(label: "litestack.db.busy", dimensions: file, factory: factory)
        checkpointDuration = Timer(label: "litestack.db.checkpoint.duration", dimensions: file, factory: factory)
        walBytes = Gauge(label: "litestack.db.wal.bytes", dimensions: file, factory: factory)
    }

    /// So many writes gave up waiting.
    func gaveUp(count: Int) {
        busy.increment(by: count)
    }

    /// The WAL file is so large now.
    func walIs(bytes: Int) {
        walBytes.record(bytes)
    }

    /// One commit, of so many writes.
    func committed(writeCount: Int) {
        commits.increment()
        writes.increment(by: writeCount)
    }
}

extension Timer {
    func record(since start: MonotonicTime) {
        let (seconds, attoseconds) = MonotonicTime.now.since(start).components
        recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
