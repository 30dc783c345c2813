import CLiteStackSQLite

// Operations that run alone on the writer's connection and begin their own transactions: migrations and schemas.

extension Writer {
    /// The exclusive operation that is next in line, if one is.
    func takeExclusive() -> WriteOperation? {
        monitor.withLock {
            guard let first = queue.first, first.kind == .exclusive else { return nil }
            _ = queue.popFirst()
            first.state = .started
            return first
        }
    }

    func runExclusive(_ operation: WriteOperation) {
        let hasGate = gate.enter(until: operation.deadline)
        connection.deadline = max(operation.deadline, MonotonicTime.now + .milliseconds(20))
        var failure: (any Error)?
        do {
            try operation.run(on: connection)
        } catch {
            failure = error
        }
        if !connection.isInAutocommit { _ = connection.control(statements.rollback) }
        if hasGate { gate.leave() }
        operation.finish(failure)
    }
}
