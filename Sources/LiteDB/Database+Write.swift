extension Database {
    /// Writes in a transaction, and returns when it is committed with the durability of the file.
    ///
    /// Writes that wait at the same time are committed together; each is all or nothing by itself. The closure runs at
    /// most once. With `.full` it runs on LiteDB's writer thread, with `.normal` on the caller's if nothing would
    /// wait. There it sees the caller's `Logger.current` and `InstrumentationContext.current`, and no other task-local
    /// value of anybody; `Task.isCancelled` in it means nothing. A write that waits can be cancelled, and throws
    /// `CancellationError`; one that was started returns its committed result.
    ///
    /// - Returns: What `body` returned.
    /// - Throws: What `body` throws, after undoing it. `DatabaseError`: `busy` past the deadline, `constraint` for open
    ///   deferred foreign keys, `diskFull`, `groupRolledBack` (nothing was written, try again), `nestedWrite`,
    ///   `failed`, `outcomeUnknown`, `closed`, `replaced`.
    @discardableResult
    @inlinable
    public func write<T: Sendable>(
        fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (borrowing Transaction) throws -> T
    ) async throws -> T {
        // Only this shell is compiled for each type of result, in the caller's module.
        let result = WriteResult<T>()
        try await writeErased(fileID: fileID, line: line) { transaction in
            result.value = try body(transaction)
        }
        return result.take()
    }

    /// Runs one statement in a transaction, and returns when it is committed: the cheapest write.
    ///
    /// Unlike a closure it is a value, so LiteDB runs it again by itself if another write ended its group.
    ///
    /// - Returns: How many rows it inserted, updated or deleted.
    /// - Throws: As ``write(fileID:line:_:)``.
    @discardableResult
    public func execute(_ sql: SQL, fileID: StaticString = #fileID, line: UInt = #line) async throws -> Int {
        let result = WriteResult<Int>()
        try await perform(.statement, CallSite(fileID: fileID, line: line)) { connection in
            result.value = try connection.execute(sql)
        }
        return result.take()
    }

    /// Writes in a transaction as a value that may be run again if another write ended its group, whether or not the
    /// caller is cancelled meanwhile: for a component's own writes, in which several callers' work can be.
    ///
    /// - Throws: As ``write(fileID:line:_:)``, without `CancellationError` and `groupRolledBack`.
    package func writeToTheEnd<T: Sendable>(
        _ body: @escaping @Sendable (borrowing Transaction) throws -> T
    ) async throws -> T {
        try checkUsable()
        let result = WriteResult<T>()
        let callSite = CallSite(fileID: #fileID, line: #line)
        let run: @Sendable (Connection) throws -> Void = { result.value = try body(Transaction($0)) }
        if try core.writer.writeInline(at: callSite, run) { return result.take() }
        let operation = makeOperation(.statement, callSite, run)
        try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Void, any Error>) in
            operation.waiter = .task(continuation)
            core.writer.enqueue(operation)
        }
        return result.take()
    }

    /// The same for the first of several callers, of whom each has a deadline of its own: taken back if that caller is
    /// cancelled, or its deadline passes, before it began. With a deadline in the past it is tried once.
    ///
    /// - Throws: As ``write(fileID:line:_:)``, without `groupRolledBack`. After `CancellationError` and `busy` nothing was
    ///   written.
    package func writeTogether<T: Sendable>(
        until deadline: MonotonicTime, _ body: @escaping @Sendable (borrowing Transaction) throws -> T
    ) async throws -> T {
        try checkUsable()
        let result = WriteResult<T>()
        let callSite = CallSite(fileID: #fileID, line: #line)
        let run: @Sendable (Connection) throws -> Void = { result.value = try body(Transaction($0)) }
        if try core.writer.writeInline(at: callSite, run) { return result.take() }
        try await submit(makeOperation(.statement, callSite, timeout: deadline.since(.now), run))
        return result.take()
    }

    /// Until when a write may wait that is called now.
    package var writeDeadline: MonotonicTime { .now + core.configuration.busyTimeout }

    /// Writes in a transaction and blocks the calling thread until it is committed. For scripts and tests.
    ///
    /// - Throws: As ``write(fileID:line:_:)``.
    @available(*, noasync, message: "use `try await write { }`")
    @discardableResult
    public func writeBlocking<T: Sendable>(
        fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (borrowing Transaction) throws -> T
    ) throws -> T {
        try checkUsable()
        guard !ThreadAccess.isInsideWrite else {
            throw DatabaseError(
                .nestedWrite,
                "Writing to \(path) inside a write closure: it would wait for itself, or for another process that "
                    + "waits for this one. Use the transaction at hand, or `savepoint { }`")
        }
        let callSite = CallSite(fileID: fileID, line: line)
        let result = WriteResult<T>()
        let run: @Sendable (Connection) throws -> Void = { result.value = try body(Transaction($0)) }
        if try core.writer.writeInline(at: callSite, run) { return result.take() }
        let operation = makeOperation(.closure, callSite, run)
        let answer = BlockingAnswer()
        operation.waiter = .thread(answer)
        core.writer.enqueue(operation)
        try answer.wait()
        return result.take()
    }

    /// Writes what need not survive a power cut, in a file that otherwise does: a worker's claim, a sign of progress.
    ///
    /// With `.full` it saves the fsync, and with it the writer's thread, where nothing else waits. It is never lost while
    /// a later durable write is kept, since an fsync is of the whole WAL (https://sqlite.org/pragma.html#pragma_synchronous).
    package func writeRelaxed<T: Sendable>(
        fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (borrowing Transaction) throws -> T
    ) async throws -> T {
        let result = WriteResult<T>()
        let run: @Sendable (Connection) throws -> Void = { result.value = try body(Transaction($0)) }
        try await perform(.closure, CallSite(fileID: fileID, line: line), isRelaxed: true, run)
        return result.take()
    }

    @usableFromInline
    func writeErased(
        fileID: StaticString, line: UInt, _ body: @escaping @Sendable (borrowing Transaction) throws -> Void
    ) async throws {
        try await perform(.closure, CallSite(fileID: fileID, line: line)) { try body(Transaction($0)) }
    }

    /// Runs `body` alone on the writer thread, outside any transaction; it begins its own by `transactAlone`.
    func exclusive<T: Sendable>(
        timeout: Duration, _ body: @escaping @Sendable (Writer) throws -> T
    ) async throws -> T {
        try checkUsable()
        let writer = core.writer
        let result = WriteResult<T>()
        let callSite = CallSite(fileID: #fileID, line: #line)
        try await submit(makeOperation(.exclusive, callSite, timeout: timeout) { _ in result.value = try body(writer) })
        return result.take()
    }

    private func perform(
        _ kind: WriteOperation.Kind, _ callSite: CallSite, isRelaxed: Bool = false,
        _ body: @escaping @Sendable (Connection) throws -> Void
    ) async throws {
        try checkUsable()
        try Task.checkCancellation()
        if try core.writer.writeInline(isRelaxed: isRelaxed, at: callSite, body) { return }
        try await submit(makeOperation(kind, callSite, body))
    }

    private func makeOperation(
        _ kind: WriteOperation.Kind, _ callSite: CallSite, timeout: Duration? = nil,
        _ body: @escaping @Sendable (Connection) throws -> Void
    ) -> WriteOperation {
        WriteOperation(
            kind: kind, timeout: timeout ?? core.configuration.busyTimeout, callSite: callSite, context: .current,
            body: body)
    }

    private func submit(_ operation: WriteOperation) async throws {
        let writer = core.writer
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Void, any Error>) in
                operation.waiter = .task(continuation)
                writer.enqueue(operation)
            }
        } onCancel: {
            writer.cancel(operation)
        }
    }
}
