import CLiteStackSQLite

/// A point in time that never steps, for deadlines inside this process. Never stored.
package struct MonotonicTime: Comparable, Sendable {
    /// Nanoseconds since some start.
    let nanoseconds: UInt64

    /// The present.
    package static var now: MonotonicTime {
        MonotonicTime(nanoseconds: clock_gettime_nsec())
    }

    /// A time later by `duration`, or the far future if that overflows.
    package static func + (time: MonotonicTime, duration: Duration) -> MonotonicTime {
        let (sum, overflow) = time.nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
        return MonotonicTime(nanoseconds: overflow ? .max : sum)
    }

    package static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    package func since(_ earlier: MonotonicTime) -> Duration {
        .nanoseconds(Int64(nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0))
    }

    private static func clock_gettime_nsec() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension Duration {
    /// Whole nanoseconds, zero for a negative duration, at most 146 years.
    var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0 else { return 0 }
        return UInt64(min(seconds, 4_600_000_000)) * 1_000_000_000 + UInt64(max(attoseconds, 0) / 1_000_000_000)
    }

    /// Seconds with a fraction, for messages.
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
