extension Benchmark {
    /// The rows of `--peers`: against servers that others wrote. One that is not installed is named and left out.
    static let peers: [Benchmark] = CachePeerRows.all + [CablePeerRow.benchmark, SidekiqRow.benchmark]
}
