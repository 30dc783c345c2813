@testable import LiteDB

/// Holds a database's writer, so that writes wait in the queue and are then committed as one group.
struct HeldWriter {
    private let database: Database
    private let door = Latch()
    private let holding: Task<Void, any Error>

    init(_ database: Database) async throws {
        self.database = database
        let entered = Latch()
        let door = door
        holding = Task {
            try await database.exclusive(timeout: .seconds(30)) { _ in
                entered.open()
                try door.waitBlocking()
            }
        }
        await entered.wait()
    }

    /// Starts a write and returns once it waits in the queue.
    func queue<T: Sendable>(_ write: @escaping @Sendable () async throws -> T) async throws -> Task<T, any Error> {
        let before = waitingCount
        let task = Task { try await write() }
        try await eventually("the write waits") { waitingCount > before }
        return task
    }

    /// Starts a write of one closure and returns once it waits in the queue.
    func queue<T: Sendable>(
        closure: @escaping @Sendable (borrowing Transaction) throws -> T
    ) async throws -> Task<T, any Error> {
        let database = database
        return try await queue { try await database.write(closure) }
    }

    /// Lets the writer go on.
    func release() async throws {
        door.open()
        try await holding.value
    }

    var waitingCount: Int { database.core.writer.monitor.withLock { database.core.writer.queue.count } }
}
