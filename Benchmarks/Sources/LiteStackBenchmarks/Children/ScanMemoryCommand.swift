import ArgumentParser
import LiteDB

/// Scans a table from end to end and answers how much the most memory that was ever held grew.
struct ScanMemoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "scan-memory", shouldDisplay: false)

    /// Small, so that it is full long before the shorter scan ends.
    static let cacheBytes = 1 << 20

    @Argument var path: String
    @Argument var rowCount: Int

    func run() async throws {
        var configuration = Database.Configuration()
        configuration.cacheBytes = Self.cacheBytes
        let database = try await Database.open(at: path, configuration: configuration)
        let before = try ResidentMemory.peakBytes()
        let total = try await database.scan { [rowCount] snapshot in
            var total = 0
            try snapshot.forEach("SELECT id, text FROM lines ORDER BY id LIMIT \(rowCount)") { row in
                total += Int(try row.text(1).utf8.count) / 50
            }
            return total
        }
        guard total == rowCount else { throw WrongResult() }
        try ParentLines.answer(try ResidentMemory.peakBytes() - before)
        _ = ParentLines.next()
        await database.close()
    }
}
