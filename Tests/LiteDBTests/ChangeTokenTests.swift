import CLiteStackSQLite
import Testing

@testable import LiteDB

/// The change token is equal exactly while nothing was committed.
@Suite struct ChangeTokenTests {
    @Test func `it stays the same while nothing is committed`() async throws {
        try await withNotes { database in
            let token = database.changeToken()
            _ = try database.notes()
            try await database.write { _ in }
            try await database.execute("DELETE FROM notes WHERE id = 4711")
            _ = try? await database.execute("INSERT INTO notes (body) VALUES (NULL)")
            _ = try? await database.write { transaction in
                try transaction.execute("INSERT INTO notes (body) VALUES ('x')")
                throw ReadTests.Refused()
            }
            #expect(database.changeToken() == token)
        }
    }

    @Test func `it differs after each commit, of ours and of others`() async throws {
        try await withNotes { database in
            let foreign = try RawConnection(database.path)
            var seen = [database.changeToken()]
            for number in 0..<20 {
                try await database.execute("INSERT INTO notes (body) VALUES (\("ours \(number)"))")
                seen.append(database.changeToken())
                try foreign.execute("INSERT INTO notes (body) VALUES ('theirs \(number)')")
                seen.append(database.changeToken())
            }
            for (index, token) in seen.enumerated() { #expect(seen.firstIndex(of: token) == index) }
        }
    }

    @Test func `it differs after the WAL started over`() async throws {
        try await withNotes { database in
            try await database.execute("INSERT INTO notes (body) VALUES ('x')")
            let token = database.changeToken()
            let core = database.core
            try await onThread { try core.checkpointer?.checkpoint() }
            try await database.execute("UPDATE notes SET body = 'y'")
            #expect(core.walIndex.frameCount < 10)
            #expect(database.changeToken() != token)
        }
    }

    @Test func `it differs after recovery, which sets the counter of commits back`() async throws {
        try await withNotes { database in
            let foreign = try RawConnection(database.path)
            var tokens: [ChangeToken] = []
            for number in 1...2 {
                try foreign.tearWALIndexHeader()
                // Whoever reads next recovers the index; then one commit.
                #expect(try foreign.all("SELECT count(*) FROM notes") == ["\(number - 1)"])
                try foreign.execute("INSERT INTO notes (body) VALUES ('\(number)')")
                tokens.append(database.changeToken())
                try database.expectNotes((1...number).map { "\($0)" })
            }
            #expect(tokens[0].header.commitCount == tokens[1].header.commitCount, "as SQLite's counter has it")
            #expect(tokens[0] != tokens[1])
        }
    }

    @Test func `a header that a dead process left torn is repaired, and told`() async throws {
        try await withNotes { database in
            _ = try database.notes()
            let foreign = try RawConnection(database.path)
            let commits = database.commits().makeAsyncIterator()
            _ = await commits.next()
            try foreign.tearWALIndexHeader()
            #expect(database.core.walIndex.isTorn)
            try await eventually("it is repaired") { !database.core.walIndex.isTorn }
            _ = await commits.next()
            try database.expectNotes([])
        }
    }
}

extension RawConnection {
    /// Makes the two copies of the wal-index header differ, as a process leaves them that is killed between the two.
    func tearWALIndexHeader() throws {
        var page: UnsafeMutableRawPointer?
        guard litestack_wal_index(handle, &page) == SQLITE_OK, let page else { throw Failure(code: 1, description: "") }
        let word = page.assumingMemoryBound(to: UInt32.self) + 12 + 2
        word.pointee &+= 1
    }
}
