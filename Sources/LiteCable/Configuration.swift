#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Cable {
    /// How much the log keeps, and where its time comes from.
    ///
    /// What is removed is always the oldest, and whoever stood before it is told by a gap. Removing happens while
    /// publishing, some messages at a time, so the log may be a few dozen messages over its limits.
    public struct Configuration: Sendable {
        /// The most messages kept. Default 100,000. More lets subscribers stay away longer.
        public var maximumMessageCount = 100_000
        /// The most bytes of payloads kept. Default 64 MiB. The newest message is always kept.
        public var maximumBytes = 64 << 20
        /// How long messages are kept. Default one day.
        public var maximumAge = Duration.seconds(24 * 60 * 60)
        /// The largest payload, in bytes. Default 1 MiB.
        public var maximumPayloadBytes = 1 << 20
        /// The time of day. Default the system's clock.
        public var now: @Sendable () -> Date = { Date() }

        /// The defaults.
        public init() {}
    }
}
