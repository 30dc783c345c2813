import Testing

@testable import LiteJobs

@Suite struct RetryPolicyTests {
    /// SplitMix64: the same numbers in every run.
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64 = 1

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }

    /// The shortest and the longest of many waits, in seconds.
    private func range(_ policy: RetryPolicy, after attempt: Int) -> (shortest: Double, longest: Double) {
        var generator: any RandomNumberGenerator = Seeded()
        let failed = RetryPolicy.FailedAttempt(error: Broken(), number: attempt, age: .zero)
        let waits = (0..<2_000).map { _ in (policy.delay(after: failed, using: &generator) ?? .zero) / .seconds(1) }
        return (waits.min() ?? 0, waits.max() ?? 0)
    }

    @Test(
        arguments: [(Int, Double)]([
            (1, 16.0), (2, 31), (3, 96), (10, 10_015), (17, 83_536), (18, 86_400), (1_000_000, 86_400),
        ]))
    func `the standard wait grows with the fourth power, up to a day`(attempt: Int, seconds: Double) {
        let waits = range(.standard, after: attempt)
        #expect(waits.shortest >= seconds * 0.9 && waits.shortest < seconds * 0.91)
        #expect(waits.longest <= seconds * 1.1 && waits.longest > seconds * 1.09)
    }

    @Test(arguments: [(Int, Double)]([(1, 1.0), (2, 2), (3, 4), (4, 8), (5, 10), (6, 10), (Int.max, 10)]))
    func `an exponential wait doubles up to its longest`(attempt: Int, seconds: Double) {
        let waits = range(
            .exponential(maximumAttemptCount: 9, first: .seconds(1), longest: .seconds(10)), after: attempt)
        #expect(waits.shortest >= seconds * 0.9 && waits.shortest < seconds * 0.91)
        #expect(waits.longest <= seconds * 1.1 && waits.longest > seconds * 1.09)
    }

    @Test func `a job has twenty attempts if nobody says otherwise`() {
        #expect(RetryPolicy.standard.maximumAttemptCount == 20)
        struct Plain: Job { static let kind = "plain" }
        #expect(Plain.retryPolicy.maximumAttemptCount == 20)
    }

    @Test func `a negative wait counts as none`() {
        let waits = range(.custom(maximumAttemptCount: 2) { _ in .seconds(-5) }, after: 1)
        #expect(waits.longest == 0)
    }
}
