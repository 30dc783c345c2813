import Testing

@testable import LiteDB

/// Readers keep their snapshot between reads, but never one that is stale or that holds the WAL back.
@Suite struct KeptSnapshotTests {
    @Test func `a snapshot is used again while nothing was committed`() async throws {
        try await withNotes { database in
            let starts = try await onThread {
                try (0..<3).map { _ in
                    _ = try database.read { try $0.first("SELECT count(*) FROM notes", as: Int.self) }
                    return database.core.readers.all.compactMap(\.snapshotStart)
                }
            }
            #expect(starts[0].count == 1)
            #expect(starts.allSatisfy { $0 == starts[0] })
        }
    }

    @Test func `a commit by another program is seen by the next read at once`() async throws {
        try await withNotes { database in
            let foreign = try RawConnection(database.path)
            for number in 1...50 {
                try foreign.execute("INSERT INTO notes (body) VALUES ('\(number)')")
                let count = try database.read { try $0.first("SELECT count(*) FROM notes", as: Int.self) }
                #expect(count == number)
            }
        }
    }

    @Test func `the housekeeper ends idle snapshots after a commit`() async throws {
        try await withNotes { database in
            _ = try database.notes()
            #expect(Self.heldCount(database) == 1)
            try await database.execute("INSERT INTO notes (body) VALUES ('x')")
            try await eventually("the snapshot ends") { Self.heldCount(database) == 0 }
        }
    }

    @Test func `the housekeeper ends idle snapshots after a commit of another program`() async throws {
        try await withNotes { database in
            _ = try database.notes()
            #expect(Self.heldCount(database) == 1)
            try RawConnection(database.path).execute("INSERT INTO notes (body) VALUES ('x')")
            try await eventually("the snapshot ends") { Self.heldCount(database) == 0 }
        }
    }

    @Test func `a checkpoint ends a snapshot that would keep the WAL from starting over`() async throws {
        try await withNotes { database in
            _ = try database.notes()
            #expect(Self.heldCount(database) == 1)
            let core = database.core
            try await onThread { try core.checkpointer?.checkpoint() }
            #expect(core.walIndex.backfilledCount == core.walIndex.frameCount)
            try await eventually("the snapshot ends") { Self.heldCount(database) == 0 }
            try await database.execute("INSERT INTO notes (body) VALUES ('x')")
            #expect(core.walIndex.frameCount < 10, "the WAL started over")
        }
    }

    @Test func `keeping snapshots can be turned off`() async throws {
        try await withNotes({ $0.keepsSnapshots = false }) { database in
            for _ in 0..<3 {
                _ = try database.notes()
                #expect(Self.heldCount(database) == 0)
            }
        }
    }

    @Test func `nothing is swept while nothing is committed`() async throws {
        try await withNotes { database in
            _ = try database.notes()
            let starts = database.core.readers.all.map(\.snapshotStart)
            for _ in 0..<3 { _ = database.core.tick(isThorough: true) }
            #expect(database.core.readers.all.map(\.snapshotStart) == starts)
            #expect(Self.heldCount(database) == 1)
        }
    }

    @Test func `a stopped process with a kept snapshot holds the WAL, not the writers`() async throws {
        try await withNotes({ $0.checkpointFrameCount = 50 }) { database in
            try await database.execute("INSERT INTO notes (body) VALUES ('old')")
            let child = try ChildProcess("hold-snapshot", database.path)
            #expect(try await child.line() == "read 1")
            try await child.stop()
            try #require(LockHolders.areReadersOnFrames(of: database.path), "it holds the snapshot")
            defer { child.kill() }
            for number in 0..<300 { try await database.execute("INSERT INTO notes (body) VALUES (\(number))") }
            let core = database.core
            #expect(core.walIndex.frameCount > 300)
            child.goOn()
            try await eventually("its housekeeper lets the WAL go") {
                try await database.execute("UPDATE notes SET body = body || '.' WHERE id = 1")
                return core.walIndex.frameCount < 200
            }
        }
    }

    private static func heldCount(_ database: Database) -> Int {
        database.core.readers.all.count { $0.snapshotStart != nil }
    }
}
