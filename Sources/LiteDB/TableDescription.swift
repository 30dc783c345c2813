/// A table of a database, as its schema has it.
public struct TableDescription: Sendable, Equatable {
    /// The name.
    public let name: String
    /// `table`, `view`, `virtual` or `shadow` (a table that belongs to a virtual one).
    public let kind: String
    /// Whether it was made with `STRICT`.
    public let isStrict: Bool
    /// Whether it was made with `WITHOUT ROWID`.
    public let isWithoutRowID: Bool
}
