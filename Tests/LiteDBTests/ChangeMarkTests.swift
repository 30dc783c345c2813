import Testing

@testable import LiteDB

@Suite(.timeLimit(.minutes(5))) struct ChangeMarkTests {
    /// Writes a note, and gives the mark at the end of the transaction.
    private func note(_ database: Database) async throws -> ChangeMark {
        try await database.write { transaction in
            try transaction.execute("INSERT INTO notes (body) VALUES (hex(randomblob(8)))")
            return transaction.changeMark
        }
    }

    private func mark(_ database: Database) async throws -> ChangeMark {
        try await database.write { $0.changeMark }
    }

    @Test(arguments: [Database.Durability.full, .normal])
    func `a transaction follows the one before it directly`(durability: Database.Durability) async throws {
        try await withNotes({ $0.durability = durability }) { database in
            let first = try await note(database)
            let second = try await note(database)
            let third = try await mark(database)
            #expect(!third.directlyFollows(first))
            #expect(third.directlyFollows(second))
        }
    }

    @Test func `another connection's commit between two is noticed`() async throws {
        try await withNotes { database in
            let other = try database.core.factory.connect(readOnly: false)
            let first = try await note(database)
            try other.run("INSERT INTO notes (body) VALUES ('theirs')", doing: "Writing")
            #expect(try await !mark(database).directlyFollows(first))
            other.close()
        }
    }

    @Test func `a later write of the same group is noticed`() async throws {
        try await withNotes { database in
            let writer = try await HeldWriter(database)
            let first = try await writer.queue { try await note(database) }
            let second = try await writer.queue { try await note(database) }
            try await writer.release()
            let marks = [try await first.value, try await second.value]
            let next = try await mark(database)
            #expect(!next.directlyFollows(marks[0]))
            #expect(next.directlyFollows(marks[1]))
        }
    }
}
