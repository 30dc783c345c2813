/// Which job it is, within its database. Ids grow in the order of enqueueing and are never used again.
public struct JobID: RawRepresentable, Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    /// The number in the table.
    public let rawValue: Int64

    /// The id with this number.
    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// The number as text.
    public var description: String { String(rawValue) }

    /// Compares the numbers.
    public static func < (left: JobID, right: JobID) -> Bool {
        left.rawValue < right.rawValue
    }
}
