import ArgumentParser
import CBenchSQLite
import Foundation
import LiteDB
import Synchronization

/// Commits a thousand times a second to one file or another, as it is told by `write INDEX` and `pause`.
///
/// After `pause` it answers how many commits a second it reached.
struct PacedWriterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "paced-writer", shouldDisplay: false)
    static let commitsPerSecond: UInt64 = 1000

    @Argument var paths: [String]

    func run() async throws {
        var databases: [Database] = []
        for path in paths { databases.append(try await Database.open(at: path, configuration: .normal)) }
        ParentLines.say("ready")
        var current: PacedWriter?
        while let line = ParentLines.next() {
            if let index = line.split(separator: " ").last.flatMap({ Int($0) }) {
                let writer = PacedWriter(database: databases[index])
                writer.start()
                current = writer
                ParentLines.say("writing")
            } else {
                try ParentLines.answer(current?.stop() ?? 0)
                current = nil
            }
        }
        for database in databases { await database.close() }
    }
}

/// A thread that commits at a steady pace.
private final class PacedWriter: Sendable {
    private let database: Database
    private let loop = BackgroundLoop()
    private let started = bench_now()
    private let count = Atomic<UInt64>(0)

    init(database: Database) {
        self.database = database
    }

    func start() {
        loop.start { [self] in commit() }
    }

    /// Commits a second.
    func stop() -> Double {
        loop.stop()
        return Double(count.load(ordering: .relaxed)) / (Double(bench_now() - started) / 1e9)
    }

    private func commit() {
        let number = count.wrappingAdd(1, ordering: .relaxed).newValue
        let due = started + number * 1_000_000_000 / PacedWriterCommand.commitsPerSecond
        let now = bench_now()
        if now < due { usleep(UInt32((due - now) / 1000)) }  // the pace that the row is named for
        var random = RandomNumbers(seed: number)
        let value = (0..<100).map { _ in UInt8.random(in: 0...255, using: &random) }
        let key = "user:" + String(1_000_000 + Int.random(in: 0..<100_000, using: &random)).dropFirst()
        do {
            try database.writeBlocking { transaction in
                try transaction.execute("UPDATE pairs SET value = \(value) WHERE key = \(key)")
            }
        } catch {
            fatalError("the paced writer failed: \(error)")
        }
    }
}
