/// What `migrate` found and did.
public struct MigrationReport: Sendable, Equatable {
    /// The migrations that this call applied, in order.
    public let applied: [String]
    /// Names that are applied in the file and not in the list: a newer release ran before, or a name was changed.
    public let unknown: [String]
}
