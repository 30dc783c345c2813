/// Thrown by a handler: trying again is useless, and the job is dead at once.
public struct Discard: Error, Sendable, Hashable {
    /// Why, for the job's record.
    public let reason: String

    /// Creates the directive.
    public init(_ reason: String) {
        self.reason = reason
    }
}

/// Thrown by a handler: try again after this time, if attempts are left, whatever the retry policy says.
public struct Retry: Error, Sendable, Hashable {
    /// How long to wait. To the millisecond.
    public let delay: Duration
    /// Why, for the job's record.
    public let reason: String

    /// Creates the directive.
    public init(after delay: Duration, reason: String = "asked to be tried again") {
        self.delay = delay
        self.reason = reason
    }
}

/// Thrown by a handler: the job is not ready yet and runs after this time. The attempt is not counted.
public struct Snooze: Error, Sendable, Hashable {
    /// How long to wait. To the millisecond.
    public let delay: Duration

    /// Creates the directive.
    public init(for delay: Duration) {
        self.delay = delay
    }
}
