import Foundation
import Testing

@testable import LiteDB

@Suite struct CloseTests {
    @Test func `every call after close says so`() async throws {
        try await withNotes { database in
            await database.close()
            await database.close()
            let codes = try await [
                code { try database.read { _ in } }, code { try await database.scan { _ in } },
                code { try await database.write { _ in } }, code { try await database.execute("DELETE FROM notes") },
                code { try await onThread { try database.writeBlocking { _ in } } },
            ]
            #expect(codes == Array(repeating: .closed, count: codes.count))
            _ = database.changeToken()
        }
    }

    @Test func `writes that wait at close are finished`() async throws {
        try await withNotes { database in
            let writer = try await HeldWriter(database)
            let waiting = try await writer.queue { try $0.execute("INSERT INTO notes (body) VALUES ('last')") }
            let closing = Task { await database.close() }
            try await eventually("it closes") {
                database.core.writer.monitor.withLock { database.core.writer.isStopped }
            }
            try await writer.release()
            #expect(try await waiting.value == 1)
            await closing.value
            try await withDatabase(at: database.path) { try $0.expectNotes(["last"]) }
        }
    }

    @Test func `close waits for the reads that run`() async throws {
        try await withNotes { database in
            let (entered, door) = (Latch(), Latch())
            let thread = Task {
                try await onThread {
                    try database.read { snapshot in
                        entered.open()
                        try door.waitBlocking()
                        return try snapshot.first("SELECT 7", as: Int.self)
                    }
                }
            }
            let scanned = Task {
                try await database.scan { snapshot in
                    try door.waitBlocking()
                    return try snapshot.first("SELECT 8", as: Int.self)
                }
            }
            await entered.wait()
            let closed = Latch()
            let closing = Task {
                await database.close()
                closed.open()
            }
            try await eventually("it closes") { try await code { try database.read { _ in } } == .closed }
            #expect(!closed.isOpen)
            door.open()
            #expect(try await thread.value == 7)
            let scan = await scanned.result
            await closing.value
            // It ran to its end, or came too late; it was not cut off.
            if case .failure(let error) = scan { #expect((error as? DatabaseError)?.code == .closed) }
        }
    }

    @Test func `closing leaves one file without a WAL, which opens again at once`() async throws {
        try await withFolder { folder in
            let path = folder + "/app.sqlite3"
            for round in 0..<20 {
                try await withDatabase(at: path) { database in
                    try await database.execute("CREATE TABLE IF NOT EXISTS rounds (n INTEGER)")
                    try await database.execute("INSERT INTO rounds VALUES (\(round))")
                    let count = try database.read { try $0.first("SELECT count(*) FROM rounds", as: Int.self) }
                    #expect(count == round + 1)
                }
                #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
            }
        }
    }

    @Test func `a database that is forgotten is closed`() async throws {
        try await withFolder { folder in
            let path = folder + "/app.sqlite3"
            try await Database.open(at: path).execute("CREATE TABLE notes (x)")
            try await eventually("it is closed") { !FileManager.default.fileExists(atPath: path + "-wal") }
        }
    }

    @Test func `a hundred rounds leave no descriptor and no thread behind`() async throws {
        try await withFolder { folder in
            let child = try ChildProcess("open-and-close", folder + "/app.sqlite3", "100")
            let left = await child.rest()
            #expect(left == ["descriptors 0", "threads 0"])
        }
    }
}
