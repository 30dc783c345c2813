// What the README shows: a note that is stored, worked on, and told about, in two transactions.
import LiteStack

struct CountWords: Job {
    static let kind = "count-words"
    var note: Int64
}

let stack = try await Stack.open(at: "data")
try await stack.db.migrate([
    Migration("notes", sql: "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL, words INTEGER) STRICT")
])

stack.addWorker { handlers in
    handlers.handle(CountWords.self) { job, context in
        let body = try stack.db.read { try $0.first("SELECT body FROM notes WHERE id = \(job.note)", as: String.self) }
        let words = body?.split(separator: " ").count
        try await context.complete { transaction in  // exactly once, with the job's own record
            try transaction.execute("UPDATE notes SET words = \(words) WHERE id = \(job.note)")
            try stack.cable.publish(words, to: "notes", in: transaction)
        }
    }
}

func add(_ body: String) async throws {
    try await stack.db.write { transaction in  // the note and its job: both or none
        try transaction.execute("INSERT INTO notes (body) VALUES (\(body))")
        try stack.jobs.enqueue(CountWords(note: transaction.lastInsertedRowID), in: transaction)
    }  // on the disk when it returns
}

let news = try await stack.cable.subscribe(to: ["notes"])
let running = Task { try await stack.run() }
try await add("bread cheese wine")
for try await case .message(let message) in news {
    let words = try message.decode(Int.self)
    precondition(words == 3)
    break
}
running.cancel()
_ = await running.result
