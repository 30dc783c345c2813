extension Cable {
    /// How much of some channels the log keeps.
    ///
    /// The limits hold for all channels of the pattern together. What is removed is always the oldest of them.
    public struct Retention: Sendable, Hashable {
        /// Which channels: a name, or a pattern such as `cursor.>`.
        public var pattern: String
        /// How long messages are kept. Default one day.
        public var maximumAge = Duration.seconds(24 * 60 * 60)
        /// The most messages kept. Default 100,000. More lets subscribers stay away longer.
        public var maximumMessageCount = 100_000
        /// The most bytes of payloads kept. Default 64 MiB. The newest message of the log is always kept.
        public var maximumBytes = 64 << 20

        /// The default limits, for the channels of a pattern.
        public init(_ pattern: String) {
            self.pattern = pattern
        }
    }
}

/// Which retention a channel has: the first of the configured ones whose pattern matches, or the log's own.
struct RetentionRules: Sendable {
    struct Rule: Sendable {
        let id: Int64
        let pattern: ChannelPattern
        let limits: Cable.Retention
    }

    /// The number of the log's own limits, which every other channel has.
    static let defaultID: Int64 = 0

    let rules: [Rule]
    let own: Cable.Retention
    /// Where the log ended when the rules last changed. Messages from before may have another retention than their
    /// channel has now.
    let since: Int64

    @inline(__always)
    func id(of channel: String) -> Int64 {
        if rules.isEmpty { return Self.defaultID }
        return rules.first { $0.pattern.matches(channel) }?.id ?? Self.defaultID
    }

    /// The limits of a retention. One that another release knew, and this does not, has the log's own.
    func limits(of id: Int64) -> Cable.Retention {
        rules.first { $0.id == id }?.limits ?? own
    }

    /// Whether messages of these channels behind `seq` can have this retention. From before the rules changed, and by
    /// rules that only another release knows, all can.
    func concerns(_ id: Int64, _ channels: Set<String>?, after seq: Int64) -> Bool {
        guard let channels, seq >= since, id == Self.defaultID || rules.contains(where: { $0.id == id }) else {
            return true
        }
        return channels.contains { self.id(of: $0) == id }
    }
}
