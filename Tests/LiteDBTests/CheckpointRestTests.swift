import Foundation
import Synchronization
import Testing

@testable import LiteDB

/// A reader that stays does not let checkpoints stop the writers again and again.
@Suite struct CheckpointRestTests {
    @Test func `the rest is a multiple of the stop, doubles each time, and ends with success`() {
        var rest = CheckpointRest()
        #expect(rest.after(stoppingFor: .milliseconds(10), isHeldBack: true) == .milliseconds(20))
        #expect(rest.after(stoppingFor: .milliseconds(10), isHeldBack: true) == .milliseconds(40))
        #expect(rest.after(stoppingFor: .milliseconds(10), isHeldBack: false) == .zero)
        #expect(rest.after(stoppingFor: .milliseconds(10), isHeldBack: true) == .milliseconds(20))
        for _ in 0..<100 { _ = rest.after(stoppingFor: .milliseconds(150), isHeldBack: true) }
        #expect(rest.after(stoppingFor: .milliseconds(150), isHeldBack: true) == .seconds(10))
    }

    @Test func `a checkpoint that a read holds back rests, in every process`() async throws {
        try await withNotes({ $0.checkpointFrameCount = 1_000_000 }) { database in
            try await database.execute("INSERT INTO notes (body) VALUES ('before')")
            let checkpointer = try #require(database.core.checkpointer)
            try await onThread { try checkpointer.checkpoint() }
            #expect(!checkpointer.isResting)
            try await whileReading(database) {
                try await database.execute("INSERT INTO notes (body) VALUES ('meanwhile')")
                // A rest is a multiple of a stop that lasts microseconds, so it may be over before it is looked at.
                try await eventually("a rest is seen") {
                    checkpointer.restsUntil.store(0, ordering: .relaxed)
                    try setModificationDate(Date(timeIntervalSince1970: 0), of: database)
                    try await onThread { try checkpointer.checkpoint() }
                    return checkpointer.isResting
                }
                // A process that looks at the lock file keeps the rest that another one told there.
                try await eventually("the rest of another process is kept") {
                    checkpointer.restsUntil.store(0, ordering: .relaxed)
                    try setModificationDate(Date(timeIntervalSinceNow: 9), of: database)
                    try await onThread { try checkpointer.checkpoint() }
                    return checkpointer.isResting
                }
            }
            // A clock that was set back leaves a time that nobody believes.
            checkpointer.restsUntil.store(0, ordering: .relaxed)
            try setModificationDate(Date(timeIntervalSinceNow: 3600), of: database)
            try await onThread { try checkpointer.checkpoint() }
            #expect(database.core.walIndex.backfilledCount == database.core.walIndex.frameCount)
            #expect(!checkpointer.isResting)
        }
    }

    @Test func `writers do not wait for a long read of this process`() async throws {
        #expect(Checkpointer.patience(withFrames: 10_000, oldestRead: nil) == .milliseconds(50))
        #expect(Checkpointer.patience(withFrames: 10_000, oldestRead: .milliseconds(1)) == .milliseconds(50))
        #expect(Checkpointer.patience(withFrames: 10_000, oldestRead: .milliseconds(101)) == .zero)
        try await withNotes { database in
            let checkpointer = try #require(database.core.checkpointer)
            try await whileReading(database) {
                try await eventually("its age is known") { (checkpointer.oldestRead() ?? .zero) > .milliseconds(100) }
            }
            // The snapshot is kept, and nobody reads.
            #expect(checkpointer.oldestRead() == nil)
        }
    }

    private func setModificationDate(_ date: Date, of database: Database) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: date], ofItemAtPath: database.runDirectory + "/test.sqlite3.checkpoint")
    }

    /// Runs `body` while a snapshot of this moment is held.
    private func whileReading(_ database: Database, _ body: () async throws -> Void) async throws {
        let (entered, door) = (Latch(), Latch())
        let scan = Task {
            try await database.scan { snapshot in
                _ = try snapshot.first("SELECT count(*) FROM notes", as: Int.self)
                entered.open()
                try door.waitBlocking()
            }
        }
        await entered.wait()
        do {
            try await body()
        } catch {
            door.open()
            throw error
        }
        door.open()
        try await scan.value
    }
}
