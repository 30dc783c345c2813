/// The waiting writes in the order of their calls.
///
/// Not thread-safe: the writer's monitor guards it.
struct WriteQueue {
    private var operations: [WriteOperation] = []
    private var head = 0

    var count: Int { operations.count - head }
    var isEmpty: Bool { count == 0 }
    var first: WriteOperation? { isEmpty ? nil : operations[head] }

    mutating func append(_ operation: WriteOperation) {
        operations.append(operation)
    }

    /// Puts operations back in front, in their order.
    mutating func putBack(_ returned: [WriteOperation]) {
        guard !returned.isEmpty else { return }
        operations = returned + operations[head...]
        head = 0
    }

    mutating func popFirst() -> WriteOperation? {
        guard !isEmpty else { return nil }
        let operation = operations[head]
        head += 1
        if head == operations.count {
            operations.removeAll(keepingCapacity: operations.capacity <= 4096)
            head = 0
        } else if head >= 1024 {
            operations.removeFirst(head)
            head = 0
        }
        return operation
    }

    mutating func remove(_ operation: WriteOperation) {
        guard let index = operations[head...].firstIndex(where: { $0 === operation }) else { return }
        operations.remove(at: index)
    }

    /// Takes out the operations whose deadline has passed.
    mutating func removeExpired(at now: MonotonicTime) -> [WriteOperation] {
        guard !isEmpty else { return [] }
        let expired = operations[head...].filter { $0.deadline <= now }
        guard !expired.isEmpty else { return [] }
        for operation in expired { operation.state = .finished }
        operations = operations[head...].filter { $0.deadline > now }
        head = 0
        return expired
    }

    mutating func removeAll() -> [WriteOperation] {
        let all = Array(operations[head...])
        operations = []
        head = 0
        return all
    }

    /// The earliest deadline of those waiting.
    var earliestDeadline: MonotonicTime? {
        operations[head...].map(\.deadline).min()
    }
}
