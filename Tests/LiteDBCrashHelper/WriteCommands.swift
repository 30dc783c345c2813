import Foundation
import LiteDB

extension CrashHelper {
    /// insert PATH COUNT PREFIX: writes COUNT notes, each in its own transaction.
    static func insert(_ arguments: [String]) async throws {
        let database = try await Database.open(at: arguments[0])
        for number in 0..<Int(arguments[1])! {
            try await database.execute("INSERT INTO notes (body) VALUES (\("\(arguments[2]) \(number)"))")
        }
        say("done")
        waitForEndOfInput()
        await database.close()
    }

    /// insert-forever PATH PREFIX TASKS: writes notes from several tasks, and prints each one that was acknowledged.
    static func insertForever(_ arguments: [String]) async throws {
        let database = try await Database.open(at: arguments[0])
        let prefix = arguments[1]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<Int(arguments[2])! {
                group.addTask {
                    for number in 0... {
                        let body = "\(prefix)-\(task)-\(number)"
                        // Two rows in one transaction: half of it must never be found.
                        try await database.write { transaction in
                            try transaction.execute("INSERT INTO notes (body) VALUES (\(body + "-a"))")
                            try transaction.execute("INSERT INTO notes (body) VALUES (\(body + "-b"))")
                        }
                        say(body)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// write-in-order FIRST SECOND COUNT: writes two databases in turn, and tries to nest one write in the other.
    static func writeInOrder(_ arguments: [String]) async throws {
        let first = try await Database.open(at: arguments[0])
        let second = try await Database.open(at: arguments[1])
        await tell {
            try await first.write { transaction in
                try transaction.execute("INSERT INTO notes (body) VALUES (\("nested \(getpid())"))")
                // Two processes that do this in opposite order would wait for each other.
                try nest(in: second)
            }
        }
        for number in 0..<Int(arguments[2])! {
            for database in [first, second] {
                try await database.execute("INSERT INTO notes (body) VALUES (\("\(getpid()) \(number)"))")
            }
        }
        say("done")
        await first.close()
        await second.close()
    }

    private static func nest(in database: Database) throws {
        try database.writeBlocking { transaction in
            _ = try transaction.execute("INSERT INTO notes (body) VALUES (\("inner \(getpid())"))")
        }
    }
}
