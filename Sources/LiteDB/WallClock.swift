package import Logging
import Synchronization

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// The time of day for rows that other processes and later starts read: when to run, when to expire.
///
/// A computer's clock is sometimes set back. Within a process a step back of up to five minutes is ridden out (time
/// stands still until the clock has caught up), so that an entry that expired never comes back; a larger one is
/// taken, since the clock was wrong before, and logged.
package final class WallClock: Sendable {
    private static let riddenOutMilliseconds: Int64 = 5 * 60 * 1000

    private let source: @Sendable () -> Date
    private let logger: Logger
    private let latest = Atomic<Int64>(.min)

    /// - Parameter source: Where the time comes from; the system's clock, or a test's.
    package init(source: @escaping @Sendable () -> Date, logger: Logger) {
        self.source = source
        self.logger = logger
    }

    /// Milliseconds since 1970-01-01 00:00:00 UTC.
    package func milliseconds() -> Int64 {
        let now = Int64((source().timeIntervalSince1970 * 1000).rounded(.down))
        let last = latest.load(ordering: .relaxed)
        guard now < last else {
            // Two threads can race here; the one that loses only fails to ride out a step that it never saw.
            if now > last { latest.store(now, ordering: .relaxed) }
            return now
        }
        guard last - now > Self.riddenOutMilliseconds else { return last }
        latest.store(now, ordering: .relaxed)
        logger.warning(
            "The system clock was set back; times are taken from it as it is now",
            metadata: ["seconds": "\((last - now) / 1000)"])
        return now
    }
}

extension Duration {
    /// Whole milliseconds, rounded down; the largest there is if it does not fit.
    package var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, overflows) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return overflows ? .max : sum
    }
}
