/// That a job is not stored while one like it is there already.
///
/// A unique index stands behind it, so it holds among any number of processes, in bulk and inside transactions.
public struct Uniqueness: Sendable {
    /// How long a job keeps others of its like away.
    public enum Scope: Sendable, Hashable {
        /// Until its first attempt begins.
        case started
        /// Until it is completed, cancelled or dead; a job that waits for its next attempt keeps others away.
        case finished
        /// For this time from its enqueueing, whatever becomes of it. To the millisecond. Only jobs that are enqueued with
        /// such a time as well heed it, and only each other.
        case time(Duration)
    }

    /// What becomes of a job that finds one like it.
    public enum Conflict: Sendable, Hashable {
        /// The one that is there stays as it is, and is given back.
        case keep
        /// The one that is there gets the new one's payload, priority and tags, and keeps its time. One that runs or
        /// is finished stays as it is.
        case replace
        /// As `replace`, and it gets the new one's time too: work that waits until its cause has come to rest.
        case reschedule
        /// Enqueueing throws `JobError` with `duplicate`.
        case reject
    }

    enum Subject: Sendable {
        case arguments
        case fields([String])
        case key(String)
    }

    let subject: Subject
    let period: Duration?
    let scope: Scope
    let conflict: Conflict

    /// Jobs of a kind with the same arguments are alike.
    ///
    /// - Parameters:
    ///   - period: If given, only jobs that are enqueued in the same period of this length, counted from 1970, are alike.
    ///   - scope: How long the job keeps others away. Default until it is finished.
    ///   - conflict: What becomes of the later one. Default: the earlier one stays.
    public static func arguments(
        period: Duration? = nil, until scope: Scope = .finished, onConflict conflict: Conflict = .keep
    ) -> Uniqueness {
        Uniqueness(subject: .arguments, period: period, scope: scope, conflict: conflict)
    }

    /// Jobs of a kind are alike if these properties are the same, by their names in the stored form.
    ///
    /// - Parameters: As ``arguments(period:until:onConflict:)``.
    public static func fields(
        _ names: String..., period: Duration? = nil, until scope: Scope = .finished,
        onConflict conflict: Conflict = .keep
    ) -> Uniqueness {
        Uniqueness(subject: .fields(names), period: period, scope: scope, conflict: conflict)
    }

    /// Jobs of a kind are alike if they have the same key.
    ///
    /// - Parameters: As ``arguments(period:until:onConflict:)``.
    public static func key(
        _ key: String, period: Duration? = nil, until scope: Scope = .finished, onConflict conflict: Conflict = .keep
    ) -> Uniqueness {
        Uniqueness(subject: .key(key), period: period, scope: scope, conflict: conflict)
    }
}
