extension Database {
    /// Reads from one consistent view, on the calling thread.
    ///
    /// A point read costs one to three microseconds and no hop, so this is synchronous, in async code too. A read
    /// inside a read of the same database sees the same view. Keep it short: it holds one of the readers, and while
    /// it is open the WAL cannot start over. For long ones there is ``scan(_:)``.
    ///
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, and `DatabaseError`: `busy` if all readers stayed in use, `useTheTransaction`
    ///   inside a write closure, `closed`, `replaced`.
    @inlinable
    public func read<T>(_ body: (borrowing Snapshot) throws -> T) throws -> T {
        // Only this shell is compiled for each type of result, in the caller's module.
        var result: T?
        try readErased { snapshot in result = .some(try body(snapshot)) }
        guard let result else { preconditionFailure("a read ended without its closure") }
        return result
    }

    @usableFromInline
    func readErased(_ body: (borrowing Snapshot) throws -> Void) throws {
        try checkUsable()
        if !ThreadAccess.isOutside, let outer = ThreadAccess.current(of: core.owner) {
            guard outer.kind == .read else {
                throw DatabaseError(
                    .useTheTransaction,
                    "Reading \(path) inside a write of the same database: the view would miss what the write has "
                        + "done. Read through the transaction")
            }
            return try body(Snapshot(outer.connection))
        }
        try core.readers.withReader { reader in try reader.read(body) }
    }

    /// Reads from one consistent view on a thread of LiteDB's own: for reads that take long.
    ///
    /// At most four run at a time, the others wait. A cancelled task still waits for its result.
    ///
    /// - Throws: As ``read(_:)``.
    public func scan<T: Sendable>(_ body: @escaping @Sendable (borrowing Snapshot) throws -> T) async throws -> T {
        try checkUsable()
        let core = core
        return try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<T, any Error>) in
            let isTaken = core.scans.run {
                continuation.resume(
                    with: Result {
                        var result: T?
                        try core.readers.withReader { reader in
                            try reader.read { snapshot in result = .some(try body(snapshot)) }
                        }
                        guard let result else { preconditionFailure("a read ended without its closure") }
                        return result
                    })
            }
            if !isTaken { continuation.resume(throwing: DatabaseError.closed(core.path)) }
        }
    }
}
