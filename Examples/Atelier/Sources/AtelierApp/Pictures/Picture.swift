import LiteDB

/// A picture on the wall: what the pages show of it.
struct Picture: Sendable, Hashable {
    /// Where a picture is on its way.
    enum State: String, Sendable, Codable, SQLConvertible {
        /// The job waits or runs.
        case working
        /// The styled picture hangs.
        case ready
        /// It could not be styled.
        case failed
    }

    let id: Int64
    let title: String
    let style: PictureStyle
    let state: State
    let width: Int
    let height: Int
}
