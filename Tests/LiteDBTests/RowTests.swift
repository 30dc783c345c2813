import Foundation
import Testing

@testable import LiteDB

/// Values through a table and back, by column, by name, and decoded.
@Suite struct RowTests {
    struct Item: Decodable, Equatable {
        struct Tag: Codable, Equatable, Sendable { var name: String }

        var id: Int
        var title: String
        var note: String?
        var added: Date
        var key: UUID
        var isDone: Bool
        var bytes: Data
        var tags: [Tag]
        var missing: Int?
    }

    private let item = Item(
        id: 1, title: "a\0b 🎈", note: nil, added: Date(timeIntervalSince1970: 1.5), key: UUID(), isDone: true,
        bytes: Data([0, 255]), tags: [.init(name: "x"), .init(name: "y")])

    private func withItem(_ body: (Database) async throws -> Void) async throws {
        try await withDatabase { database in
            try await database.execute(
                """
                CREATE TABLE items (
                    id INTEGER PRIMARY KEY, title TEXT NOT NULL, note TEXT, added INTEGER NOT NULL, key BLOB NOT NULL,
                    isDone INTEGER NOT NULL, bytes BLOB NOT NULL, tags TEXT NOT NULL
                ) STRICT
                """)
            try await database.execute(
                """
                INSERT INTO items VALUES (
                    \(item.id), \(item.title), \(item.note), \(item.added), \(item.key), \(item.isDone), \(item.bytes),
                    \(try JSONColumn(item.tags))
                )
                """)
            try await body(database)
        }
    }

    @Test func `a row decodes into a type by its names`() async throws {
        try await withItem { database in
            try database.read { snapshot in
                let first = try snapshot.first("SELECT * FROM items", decoding: Item.self)
                let all = try snapshot.all("SELECT * FROM items", decoding: Item.self)
                #expect(first == item)
                #expect(all == [item])
                let none = try snapshot.first("SELECT * FROM items WHERE id = 2", decoding: Item.self)
                #expect(none == nil)
            }
        }
    }

    @Test func `a column that is missing or of another type is named`() async throws {
        try await withItem { database in
            let missing = try await failure {
                try database.read { try $0.first("SELECT id, title FROM items", decoding: Item.self) }
            }
            #expect(missing?.code == .noSuchColumn)
            #expect(missing?.message.contains("added") == true)
            let mismatch = try await failure {
                try database.read { try $0.first("SELECT 'x' AS id FROM items", decoding: Item.self) }
            }
            #expect(mismatch?.code == .typeMismatch)
        }
    }

    @Test func `columns are read by index and by name`() async throws {
        try await withItem { database in
            try database.read { snapshot in
                try snapshot.forEach("SELECT id, title, note, bytes, 1.5 AS ratio, 7 AS id FROM items") { row in
                    #expect(row.columnCount == 6)
                    #expect(row.columnName(3) == "bytes")
                    #expect(try row.get(1, as: String.self) == "a\0b 🎈")
                    #expect(try row.text(1) == "a\0b 🎈")
                    #expect(try row.get("note", as: String?.self) == nil)
                    #expect(try row.get("id", as: Int.self) == 1, "of two columns of a name the first")
                    #expect(try row.integer(0) == 1)
                    #expect(try row.real(4) == 1.5)
                    #expect(try row.real(0) == 1)
                    let bytes = try row.withBytes(3) { Array($0) }
                    #expect(bytes == [0, 255])
                }
            }
        }
    }

    @Test func `what a row does not hold is an error`() async throws {
        try await withItem { database in
            try database.read { snapshot in
                try snapshot.forEach("SELECT id, title, note FROM items") { row in
                    for index in [-1, 3, .max] {
                        let error = #expect(throws: DatabaseError.self) { _ = try row.get(index, as: Int.self) }
                        #expect(error?.code == .noSuchColumn)
                    }
                    let named = #expect(throws: DatabaseError.self) { _ = try row.get("nothing", as: Int.self) }
                    #expect(named?.code == .noSuchColumn)
                    #expect(throws: DatabaseError.self) { _ = try row.integer(1) }
                    #expect(throws: DatabaseError.self) { _ = try row.text(0) }
                    #expect(throws: DatabaseError.self) { _ = try row.real(1) }
                    #expect(throws: DatabaseError.self) { _ = try row.withBytes(2) { $0.count } }
                    #expect(throws: DatabaseError.self) { _ = try row.get(2, as: String.self) }
                }
            }
        }
    }

    @Test func `no row and NULL are told apart`() async throws {
        try await withItem { database in
            try database.read { snapshot in
                let null = try snapshot.first("SELECT note FROM items", as: String?.self)
                let none = try snapshot.first("SELECT note FROM items WHERE id = 2", as: String?.self)
                #expect(null == .some(nil))
                #expect(none == nil)
                let mismatch = #expect(throws: DatabaseError.self) {
                    try snapshot.first("SELECT note FROM items", as: String.self)
                }
                #expect(mismatch?.code == .typeMismatch)
            }
        }
    }

    @Test func `an empty text, empty bytes and NULL are three things`() async throws {
        try await withDatabase { database in
            let stored = try database.read { snapshot in
                try snapshot.first("SELECT typeof(\("")), typeof(\([UInt8]())), typeof(\(Int?.none))") { row in
                    [try row.text(0), try row.text(1), try row.text(2)]
                }
            }
            #expect(stored == ["text", "blob", "null"])
        }
    }

    @Test func `every integer survives a table`() async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE numbers (n INTEGER) STRICT")
            let numbers = [Int64.min, -1, 0, 1, .max]
            for number in numbers { try await database.execute("INSERT INTO numbers VALUES (\(number))") }
            try await database.execute("INSERT INTO numbers VALUES (\(UInt64.max - 1))")
            let read = try database.read { try $0.all("SELECT n FROM numbers ORDER BY rowid", as: Int64.self) }
            #expect(read == numbers + [-2])
            let unsigned = try database.read { try $0.first("SELECT n FROM numbers WHERE rowid = 6", as: UInt64.self) }
            #expect(unsigned == UInt64.max - 1)
        }
    }
}
