import Testing

@testable import LiteDB

/// Writes that wait at the same time share one commit; each is all or nothing by itself.
@Suite struct GroupCommitTests {
    struct Refused: Error, Equatable {}

    @Test func `writes that wait together share one commit`() async throws {
        try await withNotes { database in
            let writer = try await HeldWriter(database)
            var tasks: [Task<Void, any Error>] = []
            for number in 1...5 {
                tasks.append(
                    try await writer.queue { transaction in
                        try transaction.execute("INSERT INTO notes (body) VALUES (\("note \(number)"))")
                    })
            }
            let before = database.core.walIndex.header().commitCount
            try await writer.release()
            for task in tasks { try await task.value }
            #expect(database.core.walIndex.header().commitCount == before + 1)
            try database.expectNotes((1...5).map { "note \($0)" })
        }
    }

    @Test func `a group is bounded in count`() async throws {
        try await withNotes({ $0.maximumGroupCount = 2 }) { database in
            let writer = try await HeldWriter(database)
            var tasks: [Task<Int, any Error>] = []
            for number in 1...5 {
                tasks.append(
                    try await writer.queue { try await database.execute("INSERT INTO notes (body) VALUES (\(number))") }
                )
            }
            let before = database.core.walIndex.header().commitCount
            try await writer.release()
            for task in tasks { _ = try await task.value }
            #expect(database.core.walIndex.header().commitCount == before + 3)
        }
    }

    @Test func `a group is bounded in time`() async throws {
        try await withNotes({ $0.maximumGroupDuration = .milliseconds(1) }) { database in
            let writer = try await HeldWriter(database)
            var tasks: [Task<Void, any Error>] = []
            for number in 1...3 {
                tasks.append(
                    try await writer.queue { transaction in
                        try transaction.execute("INSERT INTO notes (body) VALUES (\(number))")
                        let deadline = ContinuousClock.now + .milliseconds(2)
                        while ContinuousClock.now < deadline {}
                    })
            }
            let before = database.core.walIndex.header().commitCount
            try await writer.release()
            for task in tasks { try await task.value }
            #expect(database.core.walIndex.header().commitCount == before + 3)
        }
    }

    @Test func `a constraint undoes its own closure only`() async throws {
        try await threeClosures(
            second: { transaction in
                try transaction.execute("INSERT INTO notes (body) VALUES ('second')")
                try transaction.execute("INSERT INTO notes (body) VALUES ('first')")
            },
            expects: { error in (error as? DatabaseError)?.code == .constraint }, notes: ["first", "third"])
    }

    @Test func `a closure that throws passes its own error and leaves nothing`() async throws {
        try await threeClosures(
            second: { transaction in
                try transaction.execute("INSERT INTO notes (body) VALUES ('second')")
                throw Refused()
            },
            expects: { error in error is Refused }, notes: ["first", "third"])
    }

    @Test func `an open deferred foreign key fails its own closure only`() async throws {
        try await threeClosures(
            second: { transaction in
                try transaction.execute(
                    """
                    CREATE TABLE replies (
                        note INTEGER REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED
                    ) STRICT
                    """)
                try transaction.execute("INSERT INTO replies (note) VALUES (4711)")
            },
            expects: { error in
                let error = error as? DatabaseError
                return error?.code == .constraint && error?.sqliteCode == 787
            },
            notes: ["first", "third"])
    }

    @Test func `a RETURNING that is left after its first row holds nobody back`() async throws {
        try await threeClosures(
            second: { transaction in
                let id = try transaction.first(
                    "INSERT INTO notes (body) VALUES ('second'), ('second again') RETURNING id", as: Int.self)
                #expect(id == 2)
            },
            expects: { error in error == nil }, notes: ["first", "second", "second again", "third"])
    }

    @Test func `a cursor that an error ended holds nobody back`() async throws {
        try await threeClosures(
            second: { transaction in
                let endless: SQL = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
                try transaction.forEach(endless) { row in
                    if try row.integer(0) == 10 { throw Refused() }
                }
            },
            expects: { error in error is Refused }, notes: ["first", "third"])
    }

    /// Commits three closures as one group, of which the second is given.
    private func threeClosures(
        second: @escaping @Sendable (borrowing Transaction) throws -> Void,
        expects: ((any Error)?) -> Bool, notes: [String]
    ) async throws {
        try await withNotes { database in
            let writer = try await HeldWriter(database)
            let first = try await writer.queue { try $0.execute("INSERT INTO notes (body) VALUES ('first')") }
            let middle = try await writer.queue(closure: second)
            let third = try await writer.queue { try $0.execute("INSERT INTO notes (body) VALUES ('third')") }
            let before = database.core.walIndex.header().commitCount
            try await writer.release()
            #expect(try await first.value == 1)
            #expect(try await third.value == 1)
            switch await middle.result {
            case .success: #expect(expects(nil))
            case .failure(let error): #expect(expects(error), "\(error)")
            }
            #expect(database.core.walIndex.header().commitCount == before + 1)
            try database.expectNotes(notes)
        }
    }
}
