// The guide "Writing and reading".
import LiteDB

struct Book: Decodable {
    var id: Int
    var title: String
    var pages: Int?
}

let database = try await Database.open(at: "data/app.sqlite3")
try await database.migrate([
    Migration(
        "create books",
        sql: """
            CREATE TABLE books (
                id INTEGER PRIMARY KEY,
                title TEXT NOT NULL UNIQUE,
                pages INTEGER
            ) STRICT
            """)
])

let titles = ["Emma", "Persuasion", "Sanditon"]
try await database.write { transaction in
    for title in titles {
        try transaction.execute("INSERT INTO books (title) VALUES (\(title))")
    }
}

try await database.execute("UPDATE books SET pages = 474 WHERE title = \("Emma")")

let emma = try database.read { snapshot in
    try snapshot.first("SELECT id, title, pages FROM books WHERE title = \("Emma")", decoding: Book.self)
}

let lengths = try database.read { snapshot in
    try snapshot.all("SELECT title, pages FROM books WHERE title IN (\(list: titles))") { row in
        (title: try row.get(0, as: String.self), pages: try row.get(1, as: Int?.self))
    }
}

try await database.write { transaction in
    for title in ["Emma", "Lady Susan"] {
        do {
            try transaction.savepoint { inner in
                try inner.execute("INSERT INTO books (title) VALUES (\(title))")
            }
        } catch let error as DatabaseError where error.code == .constraint {
            continue  // it is there: only this step was undone
        }
    }
}

func count(in access: borrowing some ReadAccess & ~Copyable) throws -> Int {
    try access.first("SELECT count(*) FROM books", as: Int.self) ?? 0
}

for await _ in database.changes(in: ["books"]) {
    let books = try database.read { snapshot in try count(in: snapshot) }
    print("There are \(books) books")
    break  // a server would go on
}

let total = try database.read { snapshot in try count(in: snapshot) }
precondition(emma?.pages == 474)
precondition(lengths.count == 3 && total == 4)
await database.close()
