extension Cache {
    /// How long an entry lives.
    public struct Lifetime: Sendable, Hashable {
        enum Kind: Sendable, Hashable {
            case standard
            case never
            case after(Duration)
        }

        let kind: Kind

        /// As the configuration says: ``Cache/Configuration/defaultLifetime``.
        public static let standard = Lifetime(kind: .standard)
        /// For ever, unless the budget needs its room.
        public static let never = Lifetime(kind: .never)

        /// So long, to the millisecond. A time too long for the calendar is for ever; zero or less is over at once.
        public static func after(_ duration: Duration) -> Lifetime { Lifetime(kind: .after(duration)) }
        /// So many milliseconds.
        public static func milliseconds(_ count: some BinaryInteger) -> Lifetime { .after(.milliseconds(count)) }
        /// So many seconds.
        public static func seconds(_ count: some BinaryInteger) -> Lifetime { .after(.seconds(count)) }
        /// So many minutes.
        public static func minutes(_ count: some BinaryInteger) -> Lifetime { .after(.seconds(Int64(count) * 60)) }
    }
}

/// The times of an entry, in milliseconds since 1970; nil is never.
struct EntryTimes: Sendable, Equatable {
    /// From here on it is absent for everything but `fetch`.
    var expiresAt: Int64?
    /// Until here `fetch` may serve it while it is computed anew.
    var keptUntil: Int64?
    /// By when it may be swept. Rounded up to a sixteenth of the lifetime, so that a key that is written again and again
    /// keeps its place in the index for a while.
    var sweepAt: Int64?

    /// How much longer `fetch` may serve it, in milliseconds.
    var stale: Int64 {
        guard let expiresAt, let keptUntil else { return 0 }
        return keptUntil - expiresAt
    }

    static let never = EntryTimes(expiresAt: nil, keptUntil: nil, sweepAt: nil)

    /// - Parameters:
    ///   - lifetime: In milliseconds.
    ///   - stale: How much longer it is kept for `fetch`, in milliseconds.
    init(from now: Int64, lifetime: Int64, stale: Int64 = 0) {
        let (expiry, overflow) = now.addingReportingOverflow(lifetime)
        guard !overflow else {
            self = .never
            return
        }
        expiresAt = expiry
        let (kept, keptOverflow) = expiry.addingReportingOverflow(max(0, stale))
        keptUntil = keptOverflow ? Int64.max - 1 : kept
        let shift = max(0, 63 - max(1, (lifetime &+ max(0, stale)) / 16).leadingZeroBitCount)
        let (end, endOverflow) = ((keptUntil! >> Int64(shift)) + 1).multipliedReportingOverflow(by: 1 << Int64(shift))
        sweepAt = endOverflow ? Int64.max : end
    }

    /// The times as they are stored.
    init(expiresAt: Int64?, keptUntil: Int64?, sweepAt: Int64? = nil) {
        self.expiresAt = expiresAt
        self.keptUntil = keptUntil
        self.sweepAt = sweepAt
    }
}
