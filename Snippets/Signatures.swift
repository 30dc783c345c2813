// The signatures of LiteDB that everything else stands on. That this compiles is the test.
import LiteDB

/// Read on the calling thread, without an `await`.
func titles(in database: Database) throws -> [String] {
    try database.read { (snapshot: borrowing Snapshot) in
        try snapshot.all("SELECT title FROM drawings ORDER BY id", as: String.self)
    }
}

/// Read for long, on a thread of LiteDB's own.
func bytes(in database: Database) async throws -> Int {
    try await database.scan { (snapshot: borrowing Snapshot) in
        try snapshot.first("SELECT coalesce(sum(length(title)), 0) FROM drawings", as: Int.self) ?? 0
    }
}

/// Write, and return when it is committed.
func add(_ title: String, to database: Database) async throws -> Int64 {
    try await database.write { (transaction: borrowing Transaction) in
        try insert(title, in: transaction)
        return transaction.lastInsertedRowID
    }
}

/// Write from a script or a test, blocking the thread.
func addBlocking(_ title: String, to database: Database) throws {
    try database.writeBlocking { transaction in try insert(title, in: transaction) }
}

/// A step of a transaction: it takes the transaction, and cannot keep it.
func insert(_ title: String, in transaction: borrowing Transaction) throws {
    try transaction.execute("INSERT INTO drawings (title) VALUES (\(title))")
}

/// What reads in a snapshot and in a transaction alike.
func count(in access: borrowing some ReadAccess & ~Copyable) throws -> Int {
    try access.first("SELECT count(*) FROM drawings", as: Int.self) ?? 0
}

let database = try await Database.open(at: "data/app.sqlite3")
try await database.execute("CREATE TABLE drawings (id INTEGER PRIMARY KEY, title TEXT NOT NULL) STRICT")
_ = try await add("A hat", to: database)
// In a function that is not async: there is no other kind of caller for it.
func script() throws { try addBlocking("A snake", to: database) }
try script()
let found = try titles(in: database)
let length = try await bytes(in: database)
let read = try database.read { snapshot in try count(in: snapshot) }
let written = try await database.write { transaction in try count(in: transaction) }
precondition(found == ["A hat", "A snake"])
precondition(length == 12 && read == 2 && written == 2)
await database.close()
