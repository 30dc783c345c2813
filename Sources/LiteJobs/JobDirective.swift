/// What a handler throws to say what shall become of its job, instead of leaving it to the retry policy.
public enum JobDirective: Error, Sendable, Hashable {
    /// Trying again is useless: the job is dead at once, with this reason.
    case discard(reason: String)
    /// Try again after this time, if attempts are left.
    case retry(after: Duration)
    /// The job is not ready yet: run it after this time. The attempt is not counted.
    case snooze(for: Duration)
}
