/// A column of a table.
public struct ColumnDescription: Sendable, Equatable {
    /// The name.
    public let name: String
    /// The type as it was declared, empty if there was none.
    public let declaredType: String
    /// Whether NULL is refused.
    public let isNotNull: Bool
    /// The default as SQL text, nil if there is none.
    public let defaultSQL: String?
    /// Its place in the primary key, counted from 1; nil if it is not in it.
    public let primaryKeyPosition: Int?
    /// Whether it is computed from others.
    public let isGenerated: Bool
}
