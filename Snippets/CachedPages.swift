// A page that is computed once, however many ask for it, and ends with the data that it shows.
import LiteStack

let stack = try await Stack.open(at: "data")
try await stack.db.migrate([
    Migration("pictures", sql: "CREATE TABLE pictures (id INTEGER PRIMARY KEY, title TEXT NOT NULL) STRICT")
])
try await stack.db.execute("INSERT INTO pictures (title) VALUES ('A hat')")
let cache = stack.cache

@Sendable func renderGallery() async throws -> String {
    try stack.db.read { snapshot in
        try snapshot.all("SELECT title FROM pictures ORDER BY id", as: String.self).joined(separator: "\n")
    }
}

let page = try await cache.fetch(
    "gallery", expiresIn: .seconds(60), staleFor: .seconds(600), tags: ["pictures"]
) {
    try await renderGallery()
}
precondition(page == "A hat")

let (id, title) = (1, "A snake that has eaten an elephant")
try await stack.db.write { transaction in
    try transaction.execute("UPDATE pictures SET title = \(title) WHERE id = \(id)")
    try stack.cache.invalidate(tag: "pictures", in: transaction)
}
let again = try await cache.fetch("gallery", tags: ["pictures"]) { try await renderGallery() }
precondition(again == title)
await stack.close()
