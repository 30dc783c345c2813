import Foundation
import Testing

@testable import LiteDB

/// Other processes that write, or hold the write lock and stand still.
@Suite struct BusyTests {
    @Test(arguments: [Database.Durability.full, .normal])
    func `a stopped process that holds the write lock is named at the deadline`(
        durability: Database.Durability
    ) async throws {
        try await withNotes({
            $0.busyTimeout = .milliseconds(300); $0.durability = durability
        }) { database in
            let child = try ChildProcess("hold-raw-write", database.path)
            #expect(try await child.line() == "holding")
            try await child.stop()
            let error = try #require(
                try await failure { try await database.execute("INSERT INTO notes (body) VALUES ('x')") })
            #expect(error.code == .busy)
            #expect(
                error.message.contains("process \(child.identifier) (LiteDBCrashHelp, which is stopped)"), "\(error)")
            #expect(error.message.contains("waited 0."))
            // Reading goes on.
            #expect(try database.read { try $0.first("SELECT count(*) FROM notes", as: Int.self) } == 0)
            child.goOn()
            child.letGo()
            #expect(try await child.line() == "0")
            try await database.execute("INSERT INTO notes (body) VALUES ('after')")
            try database.expectNotes(["held", "after"])
        }
    }

    @Test func `a stopped process of our own kind holds the gate too, and is named`() async throws {
        try await withNotes({ $0.busyTimeout = .milliseconds(300) }) { database in
            let child = try ChildProcess("hold-write", database.path)
            #expect(try await child.line() == "holding")
            try await child.stop()
            let writer = (0..<3).map { number in
                Task { try await database.execute("INSERT INTO notes (body) VALUES (\(number))") }
            }
            for task in writer {
                let error = try #require(try await failure { try await task.value })
                #expect(error.code == .busy)
                #expect(error.message.contains("process \(child.identifier) ("), "\(error)")
            }
            child.goOn()
            child.letGo()
            #expect(try await child.line() == "done")
            try database.expectNotes(["held"])
        }
    }

    @Test func `a process starts and reads beside one that writes for long`() async throws {
        try await withNotes { database in
            let writer = try ChildProcess("hold-raw-write", database.path)
            #expect(try await writer.line() == "holding")
            let starting = try ChildProcess("hold-snapshot", database.path)
            #expect(try await starting.line() == "read 0")
            starting.letGo()
            writer.letGo()
            #expect(try await writer.line() == "0")
        }
    }

    @Test func `a write waits for another process that holds the lock for a while`() async throws {
        try await withNotes { database in
            let child = try ChildProcess("hold-write", database.path)
            #expect(try await child.line() == "holding")
            let waiting = Task { try await database.execute("INSERT INTO notes (body) VALUES ('mine')") }
            try await eventually("the write waits") {
                database.core.writer.monitor.withLock { database.core.writer.isBusy }
            }
            child.letGo()
            #expect(try await waiting.value == 1)
            try database.expectNotes(["held", "mine"])
        }
    }

    @Test func `a stuck gate costs time, never a write`() async throws {
        try await withNotes({ $0.busyTimeout = .milliseconds(300) }) { database in
            for name in ["next", "gate"] {
                let descriptor = Foundation.open(database.runDirectory + "/test.sqlite3." + name, O_RDWR | O_CLOEXEC)
                try #require(descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0)
                defer { close(descriptor) }
                try await database.execute("INSERT INTO notes (body) VALUES (\(name))")
            }
            try database.expectNotes(["next", "gate"])
        }
    }

    @Test func `deleted gate and doorbell files cost nothing`() async throws {
        try await withNotes { database in
            for file in try FileManager.default.contentsOfDirectory(atPath: database.runDirectory) {
                try FileManager.default.removeItem(atPath: database.runDirectory + "/" + file)
            }
            let child = try ChildProcess("insert", database.path, "20", "theirs")
            for number in 0..<20 { try await database.execute("INSERT INTO notes (body) VALUES (\("mine \(number)"))") }
            #expect(try await child.line() == "done")
            #expect(try database.notes().count == 40)
        }
    }

    @Test func `two processes write one file without an error and without a loss`() async throws {
        try await withNotes { database in
            let children = try (0..<2).map { try ChildProcess("insert", database.path, "100", "child \($0)") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<4 {
                    group.addTask {
                        for number in 0..<25 {
                            try await database.execute("INSERT INTO notes (body) VALUES (\("own \(task) \(number)"))")
                        }
                    }
                }
                try await group.waitForAll()
            }
            for child in children { #expect(try await child.line() == "done") }
            #expect(try database.notes().count == 300)
        }
    }

    @Test func `two processes that write two databases in opposite order never wait for each other`() async throws {
        try await withNotes { first in
            try await withNotes { second in
                let children = try [
                    ChildProcess("write-in-order", first.path, second.path, "30"),
                    ChildProcess("write-in-order", second.path, first.path, "30"),
                ]
                for child in children {
                    #expect(await child.rest() == ["nestedWrite", "done"])
                    #expect(await child.exit() == 0)
                }
                for database in [first, second] {
                    let bodies = try database.notes()
                    #expect(bodies.count == 60 && !bodies.contains { $0.contains("n") })
                }
            }
        }
    }

    @Test func `everything that a killed writer acknowledged is there, and nothing half done`() async throws {
        try await withNotes { database in
            var acknowledged: [String] = []
            for round in 0..<3 {
                let child = try ChildProcess("insert-forever", database.path, "round\(round)", "4")
                for _ in 0..<(20 * (round + 1)) { acknowledged.append(try await child.line()) }
                child.kill()
                acknowledged += await child.rest()
                #expect(await child.exit() == SIGKILL)
            }
            let bodies = Set(try database.notes())
            for body in acknowledged { #expect(bodies.contains(body + "-a") && bodies.contains(body + "-b")) }
            #expect(bodies.allSatisfy { bodies.contains($0.dropLast() + ($0.hasSuffix("a") ? "b" : "a")) })
            #expect(try database.read { try $0.first("PRAGMA integrity_check", as: String.self) } == "ok")
        }
    }
}
