#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension JobQueue {
    /// How a queue and its workers behave.
    public struct Configuration: Sendable {
        /// The largest stored form of a job, in bytes. Default 1 MiB. Store large data in a table, and its id in the
        /// job.
        public var maximumPayloadBytes = 1 << 20
        /// How often a job's worker may die before the job is given up as the likely cause. Default 3.
        public var maximumCrashCount = 3
        /// How long completed and cancelled jobs are kept. Default one day. Workers remove them.
        public var completedRetention = Duration.seconds(24 * 60 * 60)
        /// How long dead jobs are kept, with their errors. Default 30 days.
        public var deadRetention = Duration.seconds(30 * 24 * 60 * 60)
        /// How often a worker looks for dead workers and for what is due. Default 400 ms: the jobs of a worker that
        /// was killed run again within a second. Work that is ready does not wait for it.
        public var housekeepingInterval = Duration.milliseconds(400)
        /// How long a stopping worker lets its handlers run on before it cancels them. Default 25 s.
        public var shutdownGrace = Duration.seconds(25)
        /// The time of day. Default the system's clock.
        public var now: @Sendable () -> Date = { Date() }
        /// What waits are measured by. Default the continuous clock.
        public var clock: any Clock<Duration> = ContinuousClock()
        /// Where the jitter of retries comes from. Default the system's generator.
        public var random: @Sendable () -> any RandomNumberGenerator = { SystemRandomNumberGenerator() }

        /// The defaults.
        public init() {}
    }
}
