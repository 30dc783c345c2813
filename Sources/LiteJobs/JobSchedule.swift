#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A job that comes again and again: what it is, when it comes, and what becomes of times that were missed.
public struct JobSchedule: Sendable {
    /// What becomes of times at which no worker ran.
    public enum CatchUp: Sendable, Hashable {
        /// The last one that was missed is made up for.
        case latest
        /// None is made up for. A time counts as missed a minute after it.
        case skip
        /// The last ones that were missed are made up for, up to this many.
        case all(max: Int)

        /// As the table has it: how many.
        var stored: Int {
            switch self {
            case .latest: 1
            case .skip: 0
            case .all(let count): max(count, 1)
            }
        }

        init(stored: Int) {
            self = stored == 0 ? .skip : stored == 1 ? .latest : .all(max: stored)
        }
    }

    /// Its name, of which there is one.
    public let name: String
    /// A cron expression of five fields, `@hourly`, `@daily` and the like, or `@every 15m`.
    public let timing: String
    /// The IANA name of the time zone in which an expression is read.
    public let zone: String
    /// What becomes of times that were missed.
    public let catchUp: CatchUp
    let makeJob: @Sendable (JobQueue) throws -> JobDraft

    /// Creates a schedule. It is checked when it is given to a queue.
    ///
    /// - Parameters:
    ///   - name: Its name. A schedule of the same name takes the place of this one.
    ///   - timing: A cron expression of five fields (minute, hour, day of the month, month, day of the week), `@yearly`,
    ///     `@monthly`, `@weekly`, `@daily`, `@hourly`, or `@every` with a duration such as `90s` or `1h30m`.
    ///   - zone: Where the clock hangs by which an expression is read: an IANA name. Default UTC. Of a time that is skipped
    ///     when clocks are put forward the job comes at the first valid moment; of one that comes twice, the first time.
    ///     Expressions whose minute or hour begins with `*` follow the time that passes instead.
    ///   - catchUp: What becomes of times at which no worker ran. Default: the last one is made up for.
    ///   - job: The job that comes, the same each time; ``JobContext/scheduledFor`` tells it for which time.
    ///   - queue: Instead of the type's own.
    ///   - priority: Instead of the type's own.
    ///   - tags: Words by which the jobs can be found, cancelled and paused.
    public init<J: Job>(
        _ name: String, _ timing: String, zone: String = "UTC", catchUp: CatchUp = .latest, queue: String? = nil,
        priority: Int? = nil, tags: [String] = [], _ job: J
    ) {
        self.name = name
        self.timing = timing
        self.zone = zone
        self.catchUp = catchUp
        makeJob = { jobs in
            let options = EnqueueOptions(priority: priority, queue: queue, tags: tags)
            return try jobs.draft(J.self, jobs.payload(of: job), options)
        }
    }
}

/// A schedule as it stands in the database.
public struct JobScheduleRecord: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// When it comes, as it was given.
    public let timing: String
    /// The time zone in which it is read.
    public let zone: String
    /// What becomes of times that were missed.
    public let catchUp: JobSchedule.CatchUp
    /// The kind of its jobs.
    public let kind: String
    /// The queue of its jobs.
    public let queue: String
    /// Whether it comes from the code, by ``JobQueue/declare(schedules:)``, and not from a call at run time.
    public let isFromCode: Bool
    /// Whether it is paused.
    public let isPaused: Bool
    /// Whether the code no longer declares it: it is kept, and does not come.
    public let isRetired: Bool
    /// The last time for which a job was put into the queue.
    public let lastSlot: Date?
    /// When it comes next; nil while it does not.
    public let nextAt: Date?
}
