/// The patterns of one subscription.
struct ChannelMatcher: Sendable {
    let patterns: [ChannelPattern]
    private let exact: Set<String>
    private let wild: [ChannelPattern]

    init(_ patterns: [ChannelPattern]) {
        self.patterns = patterns
        exact = Set(patterns.filter(\.isExact).map(\.text))
        wild = patterns.filter { !$0.isExact }
    }

    /// - Throws: `CableError` with `invalidChannel`.
    init(_ patterns: some Sequence<String>) throws {
        self.init(try Set(patterns).sorted().map { text in try ChannelPattern(text) })
    }

    func matches(_ channel: String) -> Bool {
        exact.contains(channel) || wild.contains { $0.matches(channel) }
    }

    /// The channels by name, or nil if a pattern is among them.
    var channels: Set<String>? { wild.isEmpty ? exact : nil }
}
