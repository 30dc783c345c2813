/// Thrown when something that a test waited for did not come in time.
public struct TestTimeout: Error, CustomStringConvertible {
    /// What was waited for, for how long, and where.
    public let description: String

    init(_ what: String, within limit: Duration, fileID: StaticString, line: UInt) {
        description = "\(what) did not happen within \(limit) (\(fileID):\(line))"
    }
}
