#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Cable {
    /// How much the log keeps, how presence is kept, and where the time comes from.
    ///
    /// What retention removes is always the oldest, and whoever stood before it is told by a gap. Removing happens while
    /// publishing, some messages at a time, so the log may be a few dozen messages over its limits; ``Cable/run()`` removes
    /// what has become too old while nobody publishes.
    public struct Configuration: Sendable {
        /// The most messages kept. Default 100,000. More lets subscribers stay away longer.
        public var maximumMessageCount = 100_000
        /// The most bytes of payloads kept. Default 64 MiB. The newest message is always kept.
        public var maximumBytes = 64 << 20
        /// How long messages are kept. Default one day.
        public var maximumAge = Duration.seconds(24 * 60 * 60)
        /// Other limits for some channels. Default none. The first whose pattern matches counts; its channels count
        /// for no other limit.
        public var retention: [Retention] = []
        /// The largest payload, in bytes. Default 1 MiB.
        public var maximumPayloadBytes = 1 << 20
        /// How many bytes of recent messages are kept in memory for all subscribers of this process together. Default
        /// 8 MiB. Less makes subscribers that lag read the file again.
        public var recentBytes = 8 << 20
        /// After what time a member of a killed process counts as gone. Default 15 s. Its leaving is told within a third
        /// more. Less tells it earlier, and writes more often: each process renews its members three times in it.
        public var presenceTimeout = Duration.seconds(15)
        /// The time of day. Default the system's clock.
        public var now: @Sendable () -> Date = { Date() }

        /// The defaults.
        public init() {}

        var ownRetention: Retention {
            var own = Retention("")
            own.maximumAge = maximumAge
            own.maximumMessageCount = maximumMessageCount
            own.maximumBytes = maximumBytes
            return own
        }
    }
}
