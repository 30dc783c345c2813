import LiteDB

/// The ledger as a transaction left it, so that the next one need not read it if nobody changed anything between the two.
struct KnownLedger: Sendable {
    let ledger: Ledger
    /// Whether a computation is under way that nothing has overtaken.
    let hasFlights: Bool
    /// Where the connection stood at the end of the transaction.
    let mark: ChangeMark
}
