import Logging
import Testing

@testable import LiteDB

/// What a write closure knows of the task that called it, and what becomes of a cancelled one.
@Suite struct WriteTaskTests {
    @TaskLocal static var request: String?

    @Test func `a closure never sees another caller's task-local values`() async throws {
        try await withNotes { database in
            let writer = try await HeldWriter(database)
            var tasks: [(String, Task<String?, any Error>)] = []
            for name in ["A", "B", "C"] {
                let task = try await Self.$request.withValue(name) {
                    try await writer.queue { _ in Self.request }
                }
                tasks.append((name, task))
            }
            try await writer.release()
            for (name, task) in tasks {
                let seen = try await task.value
                #expect(seen == nil || seen == name)
            }
        }
    }

    @Test func `on the caller's own thread a closure sees the caller's values`() async throws {
        try await withNotes({ $0.durability = .normal }) { database in
            let seen = try await Self.$request.withValue("mine") { try await database.write { _ in Self.request } }
            #expect(seen == "mine")
        }
    }

    @Test func `a cancelled caller leaves the other writes of its group alone`() async throws {
        try await withNotes { database in
            let writer = try await HeldWriter(database)
            let leader = try await writer.queue { try $0.execute("INSERT INTO notes (body) VALUES ('leader')") }
            let other = try await writer.queue { _ in Task.isCancelled }
            leader.cancel()
            try await writer.release()
            await #expect(throws: CancellationError.self) { try await leader.value }
            #expect(try await other.value == false)
            try database.expectNotes([])
        }
    }

    @Test func `a component's write to the end runs although its caller was cancelled`() async throws {
        try await withNotes { database in
            let writer = try await HeldWriter(database)
            let waiting = try await writer.queue {
                try await database.writeToTheEnd { try $0.execute("INSERT INTO notes (body) VALUES ('kept')") }
            }
            waiting.cancel()
            try await writer.release()
            #expect(try await waiting.value == 1)
            try database.expectNotes(["kept"])
        }
    }

    @Test func `a write that is cancelled while it waits does not run`() async throws {
        try await withNotes { database in
            let runs = Counter()
            let writer = try await HeldWriter(database)
            let waiting = try await writer.queue { _ in runs.increment() }
            waiting.cancel()
            // It need not wait for the writer, which is still held.
            await #expect(throws: CancellationError.self) { try await waiting.value }
            #expect(writer.waitingCount == 0)
            try await writer.release()
            #expect(runs.value == 0)
        }
    }

    @Test(arguments: [Database.Durability.full, .normal])
    func `a cancelled task writes nothing`(durability: Database.Durability) async throws {
        try await withNotes({ $0.durability = durability }) { database in
            let start = Latch()
            let task = Task {
                await start.wait()
                try await database.execute("INSERT INTO notes (body) VALUES ('x')")
            }
            task.cancel()
            start.open()
            await #expect(throws: CancellationError.self) { try await task.value }
            try database.expectNotes([])
        }
    }

    @Test func `a write that was started returns its committed result although it was cancelled`() async throws {
        try await withNotes { database in
            let (entered, door) = (Latch(), Latch())
            let task = Task {
                try await database.write { transaction in
                    entered.open()
                    try door.waitBlocking()
                    return try transaction.execute("INSERT INTO notes (body) VALUES ('x')")
                }
            }
            await entered.wait()
            task.cancel()
            door.open()
            #expect(try await task.value == 1)
            try database.expectNotes(["x"])
        }
    }

    @Test(arguments: [Database.Durability.full, .normal])
    func `a slow closure is logged with its place in the source, also one that throws`(
        durability: Database.Durability
    ) async throws {
        let log = RecordingLog()
        try await withNotes(
            {
                $0.durability = durability
                $0.slowWriteThreshold = .seconds(1)
            }, logger: log.logger
        ) { database in
            try await database.execute("INSERT INTO notes (body) VALUES ('quick')")
            let line: UInt = #line + 1
            try await database.write { transaction in
                let deadline = ContinuousClock.now + .milliseconds(1010)
                while ContinuousClock.now < deadline { _ = try transaction.first("SELECT 1", as: Int.self) }
            }
            await #expect(throws: CancellationError.self) {
                try await database.write { _ in
                    let deadline = ContinuousClock.now + .milliseconds(1010)
                    while ContinuousClock.now < deadline {}
                    throw CancellationError()
                }
            }
            let slow = log.entries.filter { $0.message.contains("slow") }
            #expect(slow.map(\.level) == [.warning, .warning])
            #expect(
                slow.map { $0.metadata["litestack.db.source"] }
                    == [line, line + 4].map { "LiteDBTests/WriteTaskTests.swift:\($0)" })
        }
    }

    @Test(arguments: [Database.Durability.full, .normal])
    func `a closure logs with its own caller's logger`(durability: Database.Durability) async throws {
        try await withNotes({ $0.durability = durability }) { database in
            let writer = try await HeldWriter(database)
            let logs = [RecordingLog(), RecordingLog()]
            var tasks: [Task<Void, any Error>] = []
            for log in logs {
                let task = try await withLogger(log.logger) { _ in
                    try await writer.queue { _ in Logger.current.info("hello") }
                }
                tasks.append(task)
            }
            try await writer.release()
            for task in tasks { try await task.value }
            for log in logs { #expect(log.entries.map(\.message) == ["hello"]) }
        }
    }
}
