import Testing

@testable import LiteDB

@Suite struct FullTextTests {
    @Test func `a full-text table is told after each of its commits`() async throws {
        try await withDatabase { database in
            try await database.execute("CREATE VIRTUAL TABLE words USING fts5 (body)")
            let changes = database.changes(in: ["words"]).makeAsyncIterator()
            _ = await changes.next()
            for number in 0..<3 {
                try await database.execute("INSERT INTO words (body) VALUES (\("note \(number)"))")
                #expect(await changes.next() != nil)
            }
        }
    }
}
