#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Cache {
    /// How large the cache may be and how long entries live.
    public struct Configuration: Sendable {
        /// The most bytes of entries, each counted with its key and 64 bytes for its row. Default 128 MiB. The file
        /// is somewhat larger. Of two processes that use one file, each keeps to its own setting.
        public var maximumBytes = 128 << 20
        /// How long an entry lives that is stored without a time of its own; nil for ever. Default 30 days.
        public var defaultTimeToLive: Duration? = .seconds(30 * 24 * 60 * 60)
        /// The time of day. Default the system's clock.
        public var now: @Sendable () -> Date = { Date() }

        /// The defaults.
        public init() {}
    }
}
