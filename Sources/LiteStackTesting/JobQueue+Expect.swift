public import LiteJobs

/// Thrown when a job that a test expects is not there.
public struct JobExpectation: Error, CustomStringConvertible {
    /// What was expected, what there is, and where.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension JobQueue {
    /// The jobs of a type that are stored, whatever became of them, the oldest first.
    ///
    /// - Throws: `DatabaseError`; the error of the type's decoder.
    public func enqueued<J: Job>(_ type: J.Type) async throws -> [J] {
        var filter = JobFilter()
        filter.kinds = Set([J.kind] + J.aliases)
        filter.limit = .max
        return try await jobs(where: filter).reversed().map { try $0.decode(J.self) }
    }

    /// Expects that a job was enqueued.
    ///
    /// ```swift
    /// try await jobs.expectEnqueued(SendReceipt.self) { $0.orderID == 7 }
    /// ```
    ///
    /// - Parameters:
    ///   - type: Its type.
    ///   - matches: What it has to be. Default: anything.
    /// - Returns: The first that matches.
    /// - Throws: ``JobExpectation``, which says what there is; `DatabaseError`.
    @discardableResult
    public func expectEnqueued<J: Job>(
        _ type: J.Type, fileID: StaticString = #fileID, line: UInt = #line, where matches: (J) -> Bool = { _ in true }
    ) async throws -> J {
        let found = try await enqueued(type)
        if let match = found.first(where: matches) { return match }
        throw JobExpectation(
            "No \(J.self) that was expected was enqueued (\(fileID):\(line)). There are \(found.count): "
                + found.prefix(10).map { "\($0)" }.joined(separator: ", "))
    }

    /// Expects that no such job was enqueued.
    ///
    /// - Throws: ``JobExpectation``; `DatabaseError`.
    public func expectNotEnqueued<J: Job>(
        _ type: J.Type, fileID: StaticString = #fileID, line: UInt = #line, where matches: (J) -> Bool = { _ in true }
    ) async throws {
        let found = try await enqueued(type).filter(matches)
        guard let first = found.first else { return }
        throw JobExpectation(
            "No such \(J.self) was expected (\(fileID):\(line)), and there are \(found.count): the first is \(first)")
    }
}
