import Testing

@testable import LiteDB

/// Reads and writes inside a write closure.
@Suite(.serialized) struct NestingTests {
    @Test(arguments: [Database.Durability.full, .normal])
    func `a read inside a write of the same database is refused`(durability: Database.Durability) async throws {
        try await withNotes({ $0.durability = durability }) { database in
            let refused = try await code {
                try await database.write { transaction in
                    try transaction.execute("INSERT INTO notes (body) VALUES ('x')")
                    return try database.read { try $0.first("SELECT count(*) FROM notes", as: Int.self) }
                }
            }
            #expect(refused == .useTheTransaction)
            try database.expectNotes([])
        }
    }

    @Test(arguments: [Database.Durability.full, .normal])
    func `a write inside a write is refused, of the same database and of another one`(
        durability: Database.Durability
    ) async throws {
        try await withNotes({ $0.durability = durability }) { first in
            try await withNotes({ $0.durability = durability }) { second in
                for inner in [first, second] {
                    let refused = try await code {
                        try await first.write { transaction in
                            try transaction.execute("INSERT INTO notes (body) VALUES ('outer')")
                            try insertBlocking("inner", in: inner)
                        }
                    }
                    #expect(refused == .nestedWrite)
                }
                try first.expectNotes([])
                try second.expectNotes([])
            }
        }
    }

    @Test func `another database can be read inside a write`() async throws {
        try await withNotes { first in
            try await withNotes { second in
                try await second.execute("INSERT INTO notes (body) VALUES ('there')")
                try await first.write { transaction in
                    let body = try second.read { try $0.first("SELECT body FROM notes", as: String.self) }
                    try transaction.execute("INSERT INTO notes (body) VALUES (\(body))")
                }
                try first.expectNotes(["there"])
            }
        }
    }

    @Test func `the transaction reads what it has written`() async throws {
        try await withNotes { database in
            let counts = try await database.write { transaction in
                let before = try transaction.first("SELECT count(*) FROM notes", as: Int.self)
                try transaction.execute("INSERT INTO notes (body) VALUES ('x')")
                return [before, try transaction.first("SELECT count(*) FROM notes", as: Int.self)]
            }
            #expect(counts == [0, 1])
        }
    }

    @Test func `a write on its own thread blocks until it is committed`() async throws {
        try await withNotes { database in
            try await onThread { try insertBlocking("blocking", in: database) }
            try database.expectNotes(["blocking"])
        }
    }
}

private func insertBlocking(_ body: String, in database: Database) throws {
    try database.writeBlocking { transaction in
        _ = try transaction.execute("INSERT INTO notes (body) VALUES (\(body))")
    }
}
