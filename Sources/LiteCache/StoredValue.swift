import LiteDB

/// A value as it stands in an entry: bytes, text and numbers as they are, everything else as the coder writes it.
struct StoredValue: Sendable, Hashable {
    /// What is to know about the bytes. A bit that this release does not know makes the entry undecodable, not damaged.
    struct Flags: OptionSet, Sendable, Hashable {
        let rawValue: Int64
        /// The coder wrote it.
        static let coded = Flags(rawValue: 1)
        /// Compressed by zlib, behind the length in eight bytes.
        static let compressed = Flags(rawValue: 2)
        /// Kept free for encryption.
        static let encrypted = Flags(rawValue: 4)
        /// What a computation failed with: nothing but `fetch` sees it.
        static let failure = Flags(rawValue: 8)
    }

    var content: SQLValue
    var flags: Flags

    init(_ content: SQLValue, flags: Flags = []) {
        self.content = content
        self.flags = flags
    }

    /// How many bytes it counts.
    var byteCount: Int {
        switch content {
        case .null: 0
        case .integer, .real: 8
        case .text(let text): text.utf8.count
        case .blob(let bytes): bytes.count
        }
    }
}
