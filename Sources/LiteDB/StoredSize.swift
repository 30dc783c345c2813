/// The room that a table or an index takes in the file.
public struct StoredSize: Sendable, Equatable {
    /// The table's or index's name.
    public let name: String
    /// Bytes of its pages.
    public let bytes: Int
    /// How many pages it has.
    public let pageCount: Int
    /// Bytes in those pages that hold nothing.
    public let unusedBytes: Int
}
