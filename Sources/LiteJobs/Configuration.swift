public import CoreMetrics

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
        /// How long completed and cancelled jobs are kept. Default one day. Workers remove them, 500 rows each 20 ms.
        /// Zero removes a completed job in the transaction that completes it: the fastest, and `JobHandle.value` then
        /// has nothing to give. A type can have its own: ``Job/completedRetention``. It holds for jobs that are finished
        /// from now on.
        public var completedRetention = Duration.seconds(24 * 60 * 60)
        /// How long dead jobs are kept, with their errors. Default 30 days.
        public var deadRetention = Duration.seconds(30 * 24 * 60 * 60)
        /// How often a worker looks for dead workers, while any job runs anywhere. Default 400 ms: the jobs of a worker
        /// that was killed run again within a second. While nothing runs it looks thirty times more seldom. Work that is
        /// ready or becomes due does not wait for it.
        public var housekeepingInterval = Duration.milliseconds(400)
        /// How long a stopping worker lets its handlers run on before it cancels them. Default 25 s.
        public var shutdownGrace = Duration.seconds(25)
        /// How long after its cancellation by a timeout an attempt is reported as stuck. Default 10 s.
        public var stuckAfter = Duration.seconds(10)
        /// How long a worker process may have given no sign of life before the others warn of it. Default 20 s. Its jobs
        /// are not taken from it: its lock says that it lives.
        public var unresponsiveAfter = Duration.seconds(20)
        /// A job that has waited for this long runs before younger ones with a higher priority. Default 15 minutes; nil
        /// lets jobs of low priority wait for as long as there are others.
        public var ageing: Duration? = .seconds(15 * 60)
        /// What stands around enqueueing and running, the first outermost. Default none.
        public var middleware: [any JobMiddleware] = []
        /// Where the metrics go. Default the process's own, if it has any.
        public var metricsFactory: any MetricsFactory = MetricsSystem.factory
        /// The time of day. Default the system's clock.
        public var now: @Sendable () -> Date = { Date() }
        /// What waits are measured by. Default the continuous clock, of which the time in which the machine sleeps is a
        /// part; timeouts and the like are then measured without it.
        public var clock: any Clock<Duration> = ContinuousClock()
        /// Where the jitter of retries comes from. Default the system's generator.
        public var random: @Sendable () -> any RandomNumberGenerator = { SystemRandomNumberGenerator() }

        /// Where tests make things fail. Called at each point; it throws to fail there.
        package var faults: (@Sendable (JobFaultPoint) throws -> Void)?

        /// The defaults.
        public init() {}

        /// What attempts are timed by: a machine that sleeps does nothing for them.
        var attemptClock: any Clock<Duration> { clock is ContinuousClock ? SuspendingClock() : clock }
    }
}

/// Where a test can make a worker fail.
package enum JobFaultPoint: Sendable, Hashable {
    /// Jobs were claimed and not started: what is thrown ends the worker as `kill -9` would, without a word.
    case claimed
    /// An outcome is about to be committed: what is thrown undoes the transaction.
    case committing
}
