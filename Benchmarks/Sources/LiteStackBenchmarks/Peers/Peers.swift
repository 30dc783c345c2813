extension Benchmark {
    /// The rows of `--peers`: against servers that others wrote, which have to be installed.
    static let peers: [Benchmark] = CachePeerRows.all + [SidekiqRow.benchmark, CablePeerRow.benchmark]

    /// Looks for the programs of these rows before anything is measured.
    ///
    /// - Throws: `MissingProgram`.
    static func checkPrograms(of rows: [Benchmark]) throws {
        for row in rows where row.name.contains(".peers") {
            _ = try PeerServer.program("redis-server", package: "redis-server")
            if row.name.hasPrefix("cache.") { _ = try PeerServer.program("memcached", package: "memcached") }
            if row.name.hasPrefix("jobs.") { _ = try PeerServer.program("sidekiq", package: "ruby-sidekiq") }
        }
    }
}
