import Glibc
import Testing

@testable import LiteDB

/// What ends the whole transaction takes the group with it: nothing of it may be written, and each caller must know.
@Suite struct LostGroupTests {
    /// The statements after which SQLite has rolled back everything.
    static let endings = [
        "INSERT OR ROLLBACK INTO notes (body) VALUES ('old')",
        "INSERT INTO notes (body) VALUES ('raise')",
    ]

    @Test(arguments: endings)
    func `ON CONFLICT ROLLBACK and RAISE ROLLBACK lose the group`(statement: String) async throws {
        try await withOldNote { database in
            let writer = try await HeldWriter(database)
            let first = try await writer.queue { try $0.execute("INSERT INTO notes (body) VALUES ('first')") }
            let second = try await writer.queue { transaction in
                try transaction.execute("INSERT INTO notes (body) VALUES ('second')")
                try transaction.execute(SQL(statement))
            }
            let third = try await writer.queue { try $0.execute("INSERT INTO notes (body) VALUES ('third')") }
            try await writer.release()
            let lost = try await failure { try await first.value }
            #expect(lost?.code == .groupRolledBack)
            #expect((lost?.underlying as? DatabaseError)?.code == .constraint)
            #expect(try await code { try await second.value } == .constraint)
            // It had not started, so it belongs to the next group.
            #expect(try await third.value == 1)
            try database.expectNotes(["old", "third"])
        }
    }

    @Test(arguments: endings)
    func `a closure that swallows the error that ended the transaction writes nothing more`(
        statement: String
    ) async throws {
        try await withOldNote { database in
            let writer = try await HeldWriter(database)
            let first = try await writer.queue { try $0.execute("INSERT INTO notes (body) VALUES ('first')") }
            let second = try await writer.queue { transaction in
                #expect(throws: DatabaseError.self) { try transaction.execute(SQL(statement)) }
                // Without a transaction each of these would be committed by itself.
                #expect(throws: DatabaseError.self) {
                    try transaction.execute("INSERT INTO notes (body) VALUES ('alone')")
                }
                #expect(throws: DatabaseError.self) {
                    try transaction.executeScript("INSERT INTO notes (body) VALUES ('script')")
                }
                #expect(throws: DatabaseError.self) {
                    try transaction.savepoint { try $0.execute("INSERT INTO notes (body) VALUES ('nested')") }
                }
                #expect(throws: DatabaseError.self) { try transaction.all("SELECT id FROM notes", as: Int.self) }
            }
            let third = try await writer.queue { try $0.execute("INSERT INTO notes (body) VALUES ('third')") }
            try await writer.release()
            #expect(try await code { try await first.value } == .groupRolledBack)
            #expect(try await code { try await second.value } == .constraint)
            #expect(try await third.value == 1)
            try database.expectNotes(["old", "third"])
        }
    }

    @Test func `a transaction that ends inside a savepoint is told with its cause`() async throws {
        try await withOldNote { database in
            let error = try await failure {
                try await database.write { transaction in
                    try transaction.savepoint { nested in
                        // The error is lost on purpose: LiteDB has to find out by itself.
                        _ = try? nested.execute("INSERT OR ROLLBACK INTO notes (body) VALUES ('old')")
                    }
                }
            }
            #expect(error?.code == .constraint)
            try database.expectNotes(["old"])
        }
    }

    @Test func `statements as values run again after a lost group, closures do not`() async throws {
        try await withOldNote { database in
            let runs = Counter()
            let writer = try await HeldWriter(database)
            let value = try await writer.queue {
                try await database.execute("INSERT INTO notes (body) VALUES ('value')")
            }
            let closure = try await writer.queue { transaction in
                runs.increment()
                try transaction.execute("INSERT INTO notes (body) VALUES ('closure')")
            }
            let culprit = try await writer.queue {
                try await database.execute("INSERT OR ROLLBACK INTO notes (body) VALUES ('old')")
            }
            try await writer.release()
            #expect(try await value.value == 1)
            #expect(try await code { try await closure.value } == .groupRolledBack)
            #expect(try await code { try await culprit.value } == .constraint)
            #expect(runs.value == 1)
            try database.expectNotes(["old", "value"])
        }
    }

    @Test func `a closure that failed by itself keeps its own error when the group is lost later`() async throws {
        try await withOldNote { database in
            let writer = try await HeldWriter(database)
            let first = try await writer.queue { _ in throw GroupCommitTests.Refused() }
            let second = try await writer.queue {
                try await database.execute("INSERT OR ROLLBACK INTO notes (body) VALUES ('old')")
            }
            try await writer.release()
            await #expect(throws: GroupCommitTests.Refused.self) { try await first.value }
            #expect(try await code { try await second.value } == .constraint)
        }
    }

    @Test func `with normal durability, too, a lost transaction writes nothing`() async throws {
        try await withOldNote({ $0.durability = .normal }) { database in
            let failure = try await code {
                try await database.write { transaction in
                    try transaction.execute("INSERT INTO notes (body) VALUES ('first')")
                    _ = try? transaction.execute("INSERT OR ROLLBACK INTO notes (body) VALUES ('old')")
                    _ = try? transaction.execute("INSERT INTO notes (body) VALUES ('alone')")
                }
            }
            #expect(failure == .constraint)
            try database.expectNotes(["old"])
            #expect(try await database.execute("INSERT INTO notes (body) VALUES ('next')") == 1)
        }
    }

    private func withOldNote(
        _ change: (inout Database.Configuration) -> Void = { _ in }, _ body: (Database) async throws -> Void
    ) async throws {
        try await withNotes(change) { database in
            try await database.execute("INSERT INTO notes (body) VALUES ('old')")
            try await database.execute(
                """
                CREATE TRIGGER refuse BEFORE INSERT ON notes WHEN new.body = 'raise'
                BEGIN SELECT RAISE(ROLLBACK, 'no'); END
                """)
            try await body(database)
        }
    }
}
