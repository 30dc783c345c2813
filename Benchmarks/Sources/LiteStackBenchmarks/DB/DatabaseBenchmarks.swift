extension Benchmark {
    /// The suite `db`.
    static let database: [Benchmark] = [
        PointReadRows.random,
        PointReadRows.hot,
        BusyReadRow.benchmark,
        TwoThreadsRow.benchmark,
        GRDBReadRow.benchmark,
        RowsReadRow.benchmark,
        SingleWriteRows.normal,
        SingleWriteRows.full,
        GroupedWriteRows.normal,
        GroupedWriteRows.full,
        GroupedWriteRows.randomFull,
        FairnessRow.benchmark,
        SignalRows.benchmark,
        CounterRow.benchmark,
        ContentionRows.benchmark,
        MemoryRows.idle,
        MemoryRows.scan,
    ]
}
