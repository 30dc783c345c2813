#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Cache {
    /// How large the cache may be and how long entries live.
    public struct Configuration: Sendable {
        /// The most bytes of entries in the file, each counted with twice its key and 100 bytes for its row. Default
        /// 128 MiB. The file is somewhat larger. Of two processes that use one file, each keeps to its own setting.
        public var maximumBytes = 128 << 20
        /// The most bytes of decoded values in this process's memory, each counted as it is stored (values that the coder
        /// wrote twice that), with 200 bytes for its place. Default 64 MiB; 0 switches the layer off. More means more hits
        /// of 0.1 µs instead of some microseconds.
        public var memoryBytes = 64 << 20
        /// Into how many parts that memory is divided, rounded up to a power of two. Default 2, at most 64. Threads are
        /// spread over the parts, and those of different parts do not slow one another; but each part has its share of the
        /// bytes, and a value that threads of several parts read is in each of them. One holds the most values; as many as
        /// there are cores answers the most reads.
        public var memoryStripeCount = 2
        /// How long an entry lives that is stored without a lifetime of its own; nil for ever. Default 30 days.
        public var defaultLifetime: Duration? = .seconds(30 * 24 * 60 * 60)
        /// By how much lifetimes are shortened at random, from 0 to 1, so that what was stored at the same time is not
        /// over at the same time. Default 0; 0.1 takes up to a tenth.
        public var jitter = 0.0
        /// How long a computation of `fetch` may take. Default 30 s. Then its caller gets `timedOut`, and who waits for the
        /// value takes over, here or in another process. Less frees waiters earlier from one that hangs.
        public var computationTimeout = Duration.seconds(30)
        /// Whether values of 1 KiB and more are compressed if that saves an eighth. Default false: it costs about 10 µs a
        /// KiB to write and 3 µs to read from the file; the layer in memory holds the value itself.
        public var compressesValues = false
        /// How values are written that are neither bytes nor text nor numbers. Default JSON.
        public var coder: any CacheCoder = .json
        /// The time of day. Default the system's clock.
        public var now: @Sendable () -> Date = { Date() }
        /// Where the jitter comes from. Default the system's generator.
        public var random: @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }

        /// The defaults.
        public init() {}

        var wholeStripeCount: Int {
            let count = min(max(memoryStripeCount, 1), 64)
            return count.nonzeroBitCount == 1 ? count : 1 << (Int.bitWidth - count.leadingZeroBitCount)
        }
    }
}
