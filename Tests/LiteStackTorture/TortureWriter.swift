import Foundation
import LiteDB
import Synchronization

/// The process that is killed: several tasks write durably, and each write that has returned is told on standard output.
///
/// A write adds an entry and counts it in a second table, so that half a write shows.
final class TortureWriter: Sendable {
    static let acknowledgement = "ack "
    private static let taskCount = 4
    /// So small that checkpoints go on nearly all the time.
    private static let checkpointFrameCount = 40

    private let path: String
    private let number: Int64
    private let seed: UInt64
    private let lastID: Atomic<Int64>

    init(arguments: [String]) throws {
        guard arguments.count == 3, let number = Int64(arguments[1]), let seed = UInt64(arguments[2]) else {
            throw TortureFailure("usage: torture write PATH NUMBER SEED")
        }
        path = arguments[0]
        self.number = number
        self.seed = seed
        lastID = Atomic(number << 32)
    }

    func run() async throws {
        endWithParent()
        var configuration = Database.Configuration()
        configuration.checkpointFrameCount = Self.checkpointFrameCount
        let database = try await Database.open(at: path, configuration: configuration)
        try await createTables(in: database)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<Self.taskCount {
                let random = RandomNumbers(seed: seed &+ UInt64(task))
                group.addTask { try await self.write(to: database, random) }
            }
            try await group.waitForAll()
        }
    }

    private func createTables(in database: Database) async throws {
        try await database.write { transaction in
            try transaction.executeScript(
                """
                CREATE TABLE IF NOT EXISTS entries (
                    position INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER NOT NULL UNIQUE, writer INTEGER NOT NULL,
                    amount INTEGER NOT NULL, filler BLOB NOT NULL
                ) STRICT;
                CREATE TABLE IF NOT EXISTS totals (
                    writer INTEGER PRIMARY KEY, count INTEGER NOT NULL, amount INTEGER NOT NULL
                ) STRICT;
                """)
        }
    }

    private func write(to database: Database, _ start: RandomNumbers) async throws {
        var random = start
        while true {
            let id = lastID.wrappingAdd(1, ordering: .relaxed).newValue
            let amount = Int64.random(in: 1...1000, using: &random)
            let byteCount = Int.random(in: 0...3000, using: &random)
            try await database.write { [number] transaction in
                try transaction.execute(
                    """
                    INSERT INTO entries (id, writer, amount, filler)
                    VALUES (\(id), \(number), \(amount), randomblob(\(byteCount)))
                    """)
                try transaction.execute(
                    """
                    INSERT INTO totals (writer, count, amount) VALUES (\(number), 1, \(amount))
                    ON CONFLICT (writer) DO UPDATE SET count = count + 1, amount = amount + excluded.amount
                    """)
            }
            FileHandle.standardOutput.write(Data("\(Self.acknowledgement)\(id)\n".utf8))
        }
    }

    /// Standard input ends when the parent does: then nobody is left to kill this process.
    private func endWithParent() {
        Thread.detachNewThread {
            while readLine() != nil {}
            exit(0)
        }
    }
}
