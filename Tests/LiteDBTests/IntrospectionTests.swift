import LiteDB
import Testing

@Suite struct IntrospectionTests {
    @Test func `tables, columns and indexes are described`() async throws {
        try await withDatabase { database in
            try await database.migrate([
                Migration(
                    "tables",
                    sql: """
                        CREATE TABLE books (
                            isbn TEXT PRIMARY KEY, title TEXT NOT NULL DEFAULT 'untitled', pages INTEGER,
                            thick INTEGER GENERATED ALWAYS AS (pages > 500)
                        ) STRICT, WITHOUT ROWID;
                        CREATE UNIQUE INDEX books_by_title ON books (title, lower(title)) WHERE pages > 10;
                        """)
            ])
            try database.read { snapshot in
                let table = try #require(try snapshot.tables().first { $0.name == "books" })
                #expect(table.kind == "table" && table.isStrict && table.isWithoutRowID)
                let columns = try snapshot.columns(of: "books")
                #expect(columns.map(\.name) == ["isbn", "title", "pages", "thick"])
                #expect(columns.map(\.primaryKeyPosition) == [1, nil, nil, nil])
                #expect(columns[1].defaultSQL == "'untitled'" && columns[1].isNotNull)
                #expect(columns[3].isGenerated && !columns[2].isGenerated)
                let index = try #require(try snapshot.indexes(of: "books").first { $0.name == "books_by_title" })
                #expect(index.columns == ["title", nil] && index.isUnique && index.isPartial && index.origin == "c")
            }
        }
    }

    @Test func `rows and sizes are counted`() async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE blobs (b BLOB)")
            try await database.write { transaction in
                for _ in 0..<100 { try transaction.execute("INSERT INTO blobs VALUES (zeroblob(10000))") }
            }
            let found = try database.read { try $0.rowCount(of: "blobs") }
            #expect(found == 100)
            let largest = try #require(try await database.scan { try $0.storedSizes() }.first)
            #expect(largest.name == "blobs" && largest.bytes > 1_000_000)
            let statistics = try database.statistics()
            #expect(statistics.pageBytes == 4096)
            #expect(statistics.walBytes > 1_000_000)
            #expect(statistics.pageCount > 240)
        }
    }

    @Test func `the settings that the guarantees rest on are in effect`() async throws {
        try await withDatabase { database in
            let settings = try await database.effectiveSettings()
            #expect(settings.journalMode == "wal")
            #expect(settings.synchronous == 2)
            #expect(settings.foreignKeys)
            #expect(settings.walAutocheckpoint == 0)
            #expect(settings.autoVacuum == 2)
            #expect(settings.cacheBytes == 16 << 20)
            #expect(settings.mmapBytes == 0)
            #expect(!settings.trustedSchema)
            #expect(settings.tempStore == 2)
            #expect(settings.checkpointFrameCount == 1000)
        }
    }
}
