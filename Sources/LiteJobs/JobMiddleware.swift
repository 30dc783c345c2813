/// What stands around enqueueing and running, for all jobs of a queue: to tag, to measure, to bind task-local values.
///
/// Jobs that a schedule puts into its queue pass ``run(_:next:)`` and not ``enqueue(_:)``: whatever process fires it.
public protocol JobMiddleware: Sendable {
    /// Looks at a job that is about to be stored, and may change it. Inside a transaction it must not wait.
    ///
    /// - Throws: Anything: the job is then not stored, and enqueueing throws it.
    func enqueue(_ draft: inout JobDraft) throws
    /// Runs an attempt by calling `next`, once.
    ///
    /// - Throws: What `next` throws; something else counts as the handler's error.
    func run(_ context: JobContext, next: () async throws -> Void) async throws
}

extension JobMiddleware {
    /// Changes nothing.
    public func enqueue(_ draft: inout JobDraft) throws {}

    /// Runs the attempt.
    public func run(_ context: JobContext, next: () async throws -> Void) async throws {
        try await next()
    }
}
