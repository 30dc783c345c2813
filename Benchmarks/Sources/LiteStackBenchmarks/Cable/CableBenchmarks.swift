extension Benchmark {
    /// The suite `cable`.
    static let cable: [Benchmark] = [
        CableLatencyRows.process,
        CableLatencyRows.cross,
        CableLatencyRows.crossFull,
        CablePublishRows.tasks,
        CablePublishRows.many,
        CableFanoutRow.benchmark,
        CableReplayRow.benchmark,
        CableIdleRow.benchmark,
        CableConnectionRows.events,
        CableConnectionRows.sockets,
    ]
}
