/// An index of a table.
public struct IndexDescription: Sendable, Equatable {
    /// The name.
    public let name: String
    /// The columns in order; nil for an expression.
    public let columns: [String?]
    /// Whether two rows may not have the same values.
    public let isUnique: Bool
    /// Whether it covers only some rows.
    public let isPartial: Bool
    /// `c` made by CREATE INDEX, `u` by a UNIQUE constraint, `pk` by the primary key.
    public let origin: String
}
