extension Cable {
    /// No info: `null`.
    public struct Nothing: Codable, Sendable {
        /// Nothing.
        public init() {}

        /// Reads anything.
        public init(from decoder: any Decoder) throws {}

        /// Writes `null`.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        }
    }
}
