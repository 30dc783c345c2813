/// What memory knows of an entry's row, so that a `set` can write over it without a look at it first.
///
/// It may be out of date. The row's version says whether it is: no two states of any row share one.
struct KnownRow: Sendable {
    let version: Int64
    /// What the row counts in the budget.
    let bytes: Int64
    let position: Int64
    let sweepAt: Int64?
}
