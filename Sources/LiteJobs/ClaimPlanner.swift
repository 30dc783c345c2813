import LiteDB

/// A queue that a worker takes jobs from.
public struct WorkerQueue: Sendable, Hashable, ExpressibleByStringLiteral {
    /// Its name.
    public var name: String
    /// Its share of the jobs where the worker's order is ``WorkerOrder/weighted``. Default 1.
    public var weight: Int
    /// How many of its jobs the worker runs at a time. Default nil: as many as the worker runs in all.
    public var concurrency: Int?

    /// Creates a queue.
    public init(_ name: String, weight: Int = 1, concurrency: Int? = nil) {
        self.name = name
        self.weight = weight
        self.concurrency = concurrency
    }

    /// Creates a queue with the defaults.
    public init(stringLiteral value: String) {
        self.init(value)
    }
}

/// In which order a worker takes jobs from its queues.
public enum WorkerOrder: Sendable, Hashable {
    /// A job of a later queue starts only if no earlier one has any.
    case strict
    /// Each queue gets its share, as its weight says, and the share of those that are empty.
    case weighted
}

/// Decides how many jobs to claim from which queue.
struct ClaimPlanner: Sendable {
    /// Between two looks at jobs that have waited for too long.
    static let ageingIntervalMilliseconds: Int64 = 1_000

    let queues: [WorkerQueue]
    let order: WorkerOrder
    private var credits: [Double]
    private var nextAgeing: Int64 = 0

    init(queues: [WorkerQueue], order: WorkerOrder) {
        self.queues = queues
        self.order = order
        credits = Array(repeating: 0, count: queues.count)
    }

    /// The next claim of `limit` jobs; nil if no queue may have one.
    ///
    /// - Parameters:
    ///   - startCount: How many can start at once.
    ///   - claimed: How many of each queue are claimed already.
    mutating func plan(
        _ limit: Int, startCount: Int, claimed: [String: Int], ageing: Duration?, at now: Int64
    ) -> ClaimPlan? {
        let rooms = queues.map { queue in
            queue.concurrency.map { max($0 - claimed[queue.name, default: 0], 0) } ?? limit
        }
        let shares = order == .strict ? strictShares(rooms, limit) : weightedShares(rooms, limit)
        guard !shares.isEmpty else { return nil }
        return ClaimPlan(shares: shares, limit: limit, startCount: startCount, overdueBefore: overdue(ageing, now))
    }

    private mutating func overdue(_ ageing: Duration?, _ now: Int64) -> Int64? {
        // A time that lies further ahead is from before the clock was put back.
        guard let ageing, now >= nextAgeing || nextAgeing - now > Self.ageingIntervalMilliseconds else { return nil }
        nextAgeing = now + Self.ageingIntervalMilliseconds
        return now - ageing.wholeMilliseconds
    }

    private func strictShares(_ rooms: [Int], _ limit: Int) -> [ClaimPlan.Share] {
        zip(queues, rooms).compactMap { queue, room in
            room > 0 ? ClaimPlan.Share(queue: queue.name, limit: min(room, limit)) : nil
        }
    }

    /// Smooth weighted round robin, as nginx has it: for each job every queue gets credit by its weight, and the one with
    /// the most is served and pays. What a queue does not use is offered to all.
    private mutating func weightedShares(_ rooms: [Int], _ limit: Int) -> [ClaimPlan.Share] {
        let total = Double(queues.reduce(0) { $0 + max($1.weight, 1) })
        var counts = Array(repeating: 0, count: queues.count)
        for _ in 0..<limit {
            for index in queues.indices { credits[index] += Double(max(queues[index].weight, 1)) / total }
            guard let richest = queues.indices.max(by: { (credits[$0], $1) < (credits[$1], $0) }) else { break }
            credits[richest] -= 1
            counts[richest] += 1
        }
        let order = queues.indices.sorted { (counts[$0], $1) > (counts[$1], $0) }
        var first: [ClaimPlan.Share] = []
        var rest: [ClaimPlan.Share] = []
        for index in order {
            let share = min(counts[index], rooms[index])
            if share > 0 { first.append(ClaimPlan.Share(queue: queues[index].name, limit: share)) }
            if rooms[index] > share {
                rest.append(ClaimPlan.Share(queue: queues[index].name, limit: rooms[index] - share))
            }
        }
        return first + rest
    }
}
