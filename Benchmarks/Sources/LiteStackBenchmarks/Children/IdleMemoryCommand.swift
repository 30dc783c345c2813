import ArgumentParser
import LiteDB

/// Opens a database, reads through all its readers until their caches are full, and answers what that left in memory.
struct IdleMemoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "idle-memory", shouldDisplay: false)
    static let readerCount = 4
    static let cacheBytes = 1 << 20

    @Argument var path: String

    func run() async throws {
        let before = try ResidentMemory.bytes()
        var configuration = Database.Configuration()
        configuration.readerCount = Self.readerCount
        configuration.cacheBytes = Self.cacheBytes
        configuration.slowWriteThreshold = .seconds(60)
        let database = try await Database.open(at: path, configuration: configuration)
        try await database.write { transaction in
            try transaction.execute("UPDATE pairs SET value = randomblob(100)")
        }
        try readThroughAll(database, depth: Self.readerCount)
        try await Task.sleep(for: .milliseconds(500))  // what opening left to do is over
        try ParentLines.answer(try ResidentMemory.bytes() - before)
        _ = ParentLines.next()
        await database.close()
    }

    /// Holds each reader while the next is taken: each on a thread of its own, since a read inside a read shares one.
    private func readThroughAll(_ database: Database, depth: Int) throws {
        guard depth > 0 else { return }
        try database.read { snapshot in
            _ = try snapshot.first("SELECT sum(length(value)) FROM pairs", as: Int.self)
            try onThread { try readThroughAll(database, depth: depth - 1) }
        }
    }
}
