/// One run of a statement, as the configuration's ``Database/Configuration/statementObserver`` sees it.
public struct StatementEvent: Sendable {
    /// The SQL with literals replaced by `?` and white space folded: the same for every run of the same statement.
    public let sql: String
    /// From the first step to the last, the caller's own work between rows included.
    public let duration: Duration
    /// How many rows were read.
    public let rowCount: Int
    /// Steps forward in a scan of a whole table: above zero on a large table, an index is missing.
    public let fullScanStepCount: Int
    /// How many sorts ran for want of an index.
    public let sortCount: Int
    /// Rows put into indexes made for this run only.
    public let automaticIndexCount: Int
    /// Instructions of SQLite's virtual machine.
    public let virtualMachineStepCount: Int
}
