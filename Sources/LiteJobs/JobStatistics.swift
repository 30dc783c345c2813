/// How many jobs there are, and how long they wait.
public struct JobStatistics: Sendable, Hashable {
    /// The jobs of one queue and kind in one state.
    public struct Count: Sendable, Hashable {
        /// The queue.
        public let queue: String
        /// The kind.
        public let kind: String
        /// The state.
        public let state: JobRecord.State
        /// How many.
        public let count: Int
    }

    /// The counts that are not zero.
    public let counts: [Count]
    /// How long the oldest job that could run has waited, for each queue in which one waits.
    public let oldestAges: [String: Duration]
    /// How many workers are registered.
    public let workerCount: Int

    /// How many jobs are in a state, in all queues or in one.
    public func count(_ state: JobRecord.State, in queue: String? = nil) -> Int {
        counts.filter { $0.state == state && (queue == nil || $0.queue == queue) }.reduce(0) { $0 + $1.count }
    }
}
