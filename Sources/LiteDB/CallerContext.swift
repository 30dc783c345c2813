import Instrumentation
import Logging

/// What a caller has bound to its task and a closure on LiteDB's thread shall see: the logger and the trace context.
/// Nothing else of a task reaches another thread.
struct CallerContext: Sendable {
    let logger: Logger
    private let trace: InstrumentationContext?

    /// That of the running task.
    static var current: CallerContext {
        CallerContext(logger: .current, trace: .current)
    }

    /// Runs `body` with both bound.
    func run(_ body: () throws -> Void) throws {
        try withLogger(logger) { _ in
            // On a thread of LiteDB's nothing is bound, so there is nothing to cover.
            if trace == nil { return try body() }
            try InstrumentationContext.withValue(trace, operation: body)
        }
    }
}
