import Testing

@testable import LiteDB

@Suite(.timeLimit(.minutes(5))) struct RelaxedWriteTests {
    @Test func `a relaxed write skips the fsync, and the next write is durable again`() async throws {
        try await withNotes { database in
            let connection = database.core.writer.connection
            let relaxed = try await database.writeRelaxed { transaction in
                try transaction.execute("INSERT INTO notes (body) VALUES ('quick')")
                return try connection.scalar("PRAGMA synchronous")
            }
            #expect(relaxed == .integer(1))
            let durable = try await database.write { transaction in
                try transaction.execute("INSERT INTO notes (body) VALUES ('safe')")
                return try connection.scalar("PRAGMA synchronous")
            }
            #expect(durable == .integer(2))
            try database.expectNotes(["quick", "safe"])
        }
    }

    @Test func `a relaxed write that throws leaves nothing, and the file durable`() async throws {
        struct Refusal: Error {}
        try await withNotes { database in
            await #expect(throws: Refusal.self) {
                try await database.writeRelaxed { transaction in
                    try transaction.execute("INSERT INTO notes (body) VALUES ('never')")
                    throw Refusal()
                }
            }
            #expect(try database.core.writer.connection.scalar("PRAGMA synchronous") == .integer(2))
            try database.expectNotes([])
        }
    }
}
