/// How often a job that throws is tried again, and how long it waits before each try.
public struct RetryPolicy: Sendable {
    /// How many attempts a job has in all, the first included; after the last it is dead. At least 1.
    public var maximumAttemptCount: Int
    /// An attempt that failed, as a policy sees it.
    public struct FailedAttempt: Sendable {
        /// What the handler threw.
        public let error: any Error
        /// Which attempt; 1 is the first.
        public let number: Int
        /// The time since the job was enqueued.
        public let age: Duration

        package init(error: any Error, number: Int, age: Duration) {
            self.error = error
            self.number = number
            self.age = age
        }
    }

    /// How long to wait after an attempt, before jitter; nil gives the job up.
    private let delay: @Sendable (FailedAttempt) -> Duration?
    /// How far the wait may be from that at random, as a part of it.
    private let jitter: Double

    private init(
        maximumAttemptCount: Int, jitter: Double, delay: @escaping @Sendable (FailedAttempt) -> Duration?
    ) {
        precondition(maximumAttemptCount >= 1, "a job needs at least one attempt")
        self.maximumAttemptCount = maximumAttemptCount
        self.jitter = jitter
        self.delay = delay
    }

    /// 20 attempts; the wait is 15 s and the fourth power of the attempt in seconds, give or take a tenth, and at
    /// most a day: 16 s, 31 s, 96 s, … about nine days in all.
    public static let standard = RetryPolicy(maximumAttemptCount: 20, jitter: 0.1) { attempt in
        let root = Double(min(attempt.number, 20))
        return min(.seconds(15 + root * root * root * root), .seconds(24 * 60 * 60))
    }

    /// One attempt.
    public static let never = RetryPolicy(maximumAttemptCount: 1, jitter: 0) { _ in .zero }

    /// A wait that doubles with each attempt, give or take a tenth.
    public static func exponential(
        maximumAttemptCount: Int, first: Duration = .seconds(1), longest: Duration = .seconds(60 * 60)
    ) -> RetryPolicy {
        RetryPolicy(maximumAttemptCount: maximumAttemptCount, jitter: 0.1) { attempt in
            min(first * Double(1 << min(max(attempt.number - 1, 0), 40)), longest)
        }
    }

    /// The same wait after each attempt.
    public static func constant(maximumAttemptCount: Int, delay: Duration) -> RetryPolicy {
        RetryPolicy(maximumAttemptCount: maximumAttemptCount, jitter: 0) { _ in delay }
    }

    /// A wait of your own.
    ///
    /// - Parameters:
    ///   - maximumAttemptCount: At least 1.
    ///   - delay: The wait after an attempt that failed; nil gives the job up, with the reason `discarded`.
    public static func custom(
        maximumAttemptCount: Int, delay: @escaping @Sendable (FailedAttempt) -> Duration?
    ) -> RetryPolicy {
        RetryPolicy(maximumAttemptCount: maximumAttemptCount, jitter: 0, delay: delay)
    }

    /// How long to wait after an attempt that failed; nil gives the job up.
    func delay(after attempt: FailedAttempt, using generator: inout any RandomNumberGenerator) -> Duration? {
        guard let delay = delay(attempt) else { return nil }
        let plain = max(delay, .zero)
        guard jitter > 0 else { return plain }
        return plain * Double.random(in: (1 - jitter)...(1 + jitter), using: &generator)
    }
}
