import Foundation
import Logging
import Testing

@testable import LiteDB

/// The WAL stays small while nobody holds it, and grows without stopping anyone while somebody does.
@Suite struct CheckpointTests {
    @Test(arguments: [Database.Durability.full, .normal])
    func `the WAL stays bounded while writers go on`(durability: Database.Durability) async throws {
        try await withNotes({
            $0.durability = durability; $0.checkpointFrameCount = 100
        }) { database in
            let walIndex = database.core.walIndex
            var (most, written) = (0, 0)
            for number in 0..<1500 {
                let before = walIndex.frameCount
                try await database.execute("INSERT INTO notes (body) VALUES (\(number))")
                most = max(most, walIndex.frameCount)
                written += max(1, walIndex.frameCount - before)
            }
            #expect(most < written / 2, "\(most) of \(written) frames")
            try await eventually("the rest is copied") { walIndex.frameCount - walIndex.backfilledCount < 100 }
            #expect(try database.notes().count == 1500)
            #expect(try database.read { try $0.first("PRAGMA integrity_check", as: String.self) } == "ok")
        }
    }

    @Test func `a long read makes the WAL grow, is told, and the WAL comes back afterwards`() async throws {
        let log = RecordingLog()
        try await withNotes({ $0.checkpointFrameCount = 50 }, logger: log.logger) { database in
            let walIndex = database.core.walIndex
            let (entered, door) = (Latch(), Latch())
            let scan = Task {
                try await database.scan { snapshot in
                    let before = try snapshot.first("SELECT count(*) FROM notes", as: Int.self)
                    entered.open()
                    try door.waitBlocking()
                    return [before, try snapshot.first("SELECT count(*) FROM notes", as: Int.self)]
                }
            }
            await entered.wait()
            for number in 0..<300 { try await database.execute("INSERT INTO notes (body) VALUES (\(number))") }
            #expect(walIndex.frameCount > 300)
            try await eventually("somebody is warned") {
                log.entries.contains { $0.level == .warning && $0.message.contains("WAL grows") }
            }
            door.open()
            #expect(try await scan.value == [0, 0])
            try await eventually("the WAL starts over") {
                try await database.execute("UPDATE notes SET body = body || '.' WHERE id = 1")
                return walIndex.frameCount < 100
            }
            #expect(try database.notes().count == 300)
        }
    }

    @Test func `a read that is open for long is told once`() async throws {
        let log = RecordingLog()
        try await withNotes(
            {
                $0.checkpointFrameCount = 20
                $0.longReadThreshold = .milliseconds(50)
            }, logger: log.logger
        ) { database in
            let (entered, door) = (Latch(), Latch())
            let scan = Task {
                try await database.scan { snapshot in
                    _ = try snapshot.first("SELECT count(*) FROM notes", as: Int.self)
                    entered.open()
                    try door.waitBlocking()
                }
            }
            await entered.wait()
            for number in 0..<60 { try await database.execute("INSERT INTO notes (body) VALUES (\(number))") }
            func warnings() -> Int { log.entries.count { $0.message.contains("open for long") } }
            try await eventually("it is told") { warnings() > 0 }
            for _ in 0..<3 { _ = database.core.tick(isThorough: true) }
            #expect(warnings() == 1)
            door.open()
            try await scan.value
        }
    }

    @Test func `external checkpoints are left to others`() async throws {
        try await withNotes({
            $0.checkpoints = .external; $0.checkpointFrameCount = 20
        }) { database in
            for number in 0..<100 { try await database.execute("INSERT INTO notes (body) VALUES (\(number))") }
            for _ in 0..<3 { _ = database.core.tick(isThorough: true) }
            #expect(database.core.walIndex.backfilledCount == 0)
            #expect(database.core.walIndex.frameCount >= 100)
            let child = try ChildProcess("raw", database.path, "PRAGMA wal_checkpoint(PASSIVE)")
            #expect(try await child.line() == "0")
            #expect(database.core.walIndex.backfilledCount == database.core.walIndex.frameCount)
        }
    }

    @Test func `no connection checkpoints by itself`() async throws {
        try await withNotes { database in
            let limits = try await database.write { try $0.all("PRAGMA wal_autocheckpoint", as: Int.self) }
            #expect(limits == [0])
            for reader in database.core.readers.all {
                #expect(try reader.connection.scalar("PRAGMA wal_autocheckpoint") == .integer(0))
            }
            for isReadOnly in [true, false] {
                let connection = try database.core.factory.connect(readOnly: isReadOnly)
                #expect(try connection.scalar("PRAGMA wal_autocheckpoint") == .integer(0))
                #expect(try connection.scalar("PRAGMA synchronous") == .integer(2))
            }
        }
    }

    @Test func `a checkpoint of another process is not joined`() async throws {
        try await withNotes { database in
            try await database.execute("INSERT INTO notes (body) VALUES ('x')")
            let core = database.core
            let lock = open(database.runDirectory + "/test.sqlite3.checkpoint", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            try #require(lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0)
            let before = core.walIndex.backfilledCount
            try await onThread { try core.checkpointer?.checkpoint() }
            #expect(core.walIndex.backfilledCount == before)
            close(lock)
            try await onThread { try core.checkpointer?.checkpoint() }
            #expect(core.walIndex.backfilledCount == core.walIndex.frameCount)
        }
    }

    @Test func `after one large transaction the WAL file shrinks again`() async throws {
        try await withNotes({ $0.checkpointFrameCount = 100 }) { database in
            func walBytes() throws -> Int {
                try FileManager.default.attributesOfItem(atPath: database.path + "-wal")[.size] as? Int ?? 0
            }
            try await database.write { transaction in
                try transaction.execute("CREATE TABLE blobs (content BLOB)")
                for _ in 0..<4 { try transaction.execute("INSERT INTO blobs VALUES (zeroblob(1000000))") }
            }
            #expect(try walBytes() > 4_000_000)
            try await eventually("the file is cut") {
                try await database.execute("UPDATE blobs SET content = hex(randomblob(8)) WHERE rowid = 1")
                return try walBytes() <= 1_000_000
            }
        }
    }

    @Test func `a checkpoint that fails is told, and writing goes on`() async throws {
        let log = RecordingLog()
        try await withNotes({ $0.checkpointFrameCount = 20 }, logger: log.logger) { database in
            let fault = Fault(.pwrite, on: database.path, error: EIO)
            for number in 0..<60 { try await database.execute("INSERT INTO notes (body) VALUES (\(number))") }
            try await eventually("it is told") { log.entries.contains { $0.message.contains("checkpoint failed") } }
            #expect(fault.disarm() > 0)
            let walIndex = database.core.walIndex
            try await eventually("it is made up for") {
                try await database.execute("UPDATE notes SET body = body || '.' WHERE id = 1")
                return walIndex.frameCount < 60
            }
            #expect(try database.notes().count == 60)
        }
    }

    @Test func `after a checkpoint that failed in fsync nothing is written or checkpointed until it is reopened`()
        async throws
    {
        try await withNotes({ $0.checkpointFrameCount = 20 }) { database in
            let fault = Fault(.fdatasync, on: database.path, count: 1, error: EIO)
            try await eventually("the file takes no more writes") {
                do {
                    try await database.execute("INSERT INTO notes (body) VALUES (hex(randomblob(8)))")
                    return false
                } catch let error as DatabaseError {
                    return error.code == .failed
                }
            }
            #expect(fault.disarm() == 1)
            let notes = try database.notes()
            #expect(notes.count > 0)
            // The WAL has the only good copy: it outlives the close, and the next open recovers it whole.
            await database.close()
            let wal = try FileManager.default.attributesOfItem(atPath: database.path + "-wal")[.size] as? Int ?? 0
            #expect(wal > 20 * 4096)
            try await withDatabase(at: database.path) { reopened in
                #expect(try reopened.notes() == notes)
                try await reopened.execute("INSERT INTO notes (body) VALUES ('again')")
            }
        }
    }
}
