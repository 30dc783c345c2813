#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Which jobs to list, cancel or retry. What is nil lets every job through.
public struct JobFilter: Sendable {
    /// Only jobs in one of these states.
    public var states: Set<JobRecord.State>?
    /// Only jobs of these kinds.
    public var kinds: Set<String>?
    /// Only jobs of this queue.
    public var queue: String?
    /// Only jobs with this tag.
    public var tag: String?
    /// Only jobs that are dead, or parked, for this reason.
    public var reason: JobRecord.Reason?
    /// Only jobs with a failed attempt whose error contains this text; upper and lower case matter.
    public var errorContains: String?
    /// Only jobs of this schedule.
    public var schedule: String?
    /// Only jobs that were enqueued after this.
    public var enqueuedAfter: Date?
    /// Only jobs that were finished after this.
    public var finishedAfter: Date?
    /// Only jobs that were finished before this.
    public var finishedBefore: Date?
    /// Only jobs older than this one: the last of a page, for the next page.
    public var before: JobID?
    /// How many to list at most. Default 100. Changes are made to all of them, whatever it says.
    public var limit = 100

    /// Every job.
    public init() {}

    /// The jobs in these states.
    public static func states(_ states: JobRecord.State...) -> JobFilter {
        var filter = JobFilter()
        filter.states = Set(states)
        return filter
    }

    /// The dead jobs.
    public static var dead: JobFilter { .states(.dead) }

    /// The jobs of one kind.
    public static func kind(_ kind: String) -> JobFilter {
        var filter = JobFilter()
        filter.kinds = [kind]
        return filter
    }

    /// The jobs with a tag.
    public static func tag(_ tag: String) -> JobFilter {
        var filter = JobFilter()
        filter.tag = tag
        return filter
    }
}
