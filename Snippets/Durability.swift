// The guide "Durability and checkpoints".
import LiteDB

var settings = Database.Configuration()
settings.durability = .normal
settings.isDisposable = true
let cache = try await Database.open(at: "data/derived.sqlite3", configuration: settings)

var replicated = Database.Configuration()
replicated.checkpoints = .external
let database = try await Database.open(at: "data/app.sqlite3", configuration: replicated)

try await database.execute("CREATE TABLE notes (body TEXT NOT NULL) STRICT")
try await database.execute("INSERT INTO notes VALUES ('kept')")
try await database.backup(to: "data/app-backup.sqlite3")

let effective = try await database.effectiveSettings()
precondition(effective.synchronous == 2 && effective.checkpointFrameCount == nil)
let copy = try await Database.open(at: "data/app-backup.sqlite3")
let kept = try copy.read { try $0.first("SELECT body FROM notes", as: String.self) }
precondition(kept == "kept")
await copy.close()
await cache.close()
await database.close()
