extension Cable {
    /// A place in the log: everything up to and with one message.
    ///
    /// As text it is `<epoch>-<seq>`, the id of a server-sent event, and comes back in a browser's `Last-Event-ID`.
    /// The epoch names the log: a cursor of another log, for example from before a file was replaced, is a gap and
    /// never a silent jump.
    public struct Cursor: Sendable, Hashable, LosslessStringConvertible {
        let epochNumber: UInt64
        /// The number of the last message that was seen; 0 before the first.
        public let seq: Int64

        /// Which log it belongs to: 16 hexadecimal digits.
        public var epoch: String { Self.text(ofEpoch: epochNumber) }

        init(epoch: UInt64, seq: Int64) {
            epochNumber = epoch
            self.seq = seq
        }

        /// Reads `<epoch>-<seq>`; nil for anything else. Safe for text that a client sent.
        public init?(_ description: String) {
            let parts = description.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 2, let epoch = Self.epoch(parts[0]), let seq = Int64(parts[1]), seq >= 0,
                String(seq) == parts[1]
            else { return nil }
            epochNumber = epoch
            self.seq = seq
        }

        /// `<epoch>-<seq>`.
        public var description: String { "\(epoch)-\(seq)" }

        static func epoch(_ text: some StringProtocol) -> UInt64? {
            guard text.utf8.count == 16,
                text.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
            else { return nil }
            return UInt64(text, radix: 16)
        }

        private static func text(ofEpoch number: UInt64) -> String {
            let digits = String(number, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
    }
}

extension Cable.Cursor: Codable {
    /// Reads the text form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let cursor = Self(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "Not a cursor: <epoch>-<seq>")
        }
        self = cursor
    }

    /// Writes the text form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
