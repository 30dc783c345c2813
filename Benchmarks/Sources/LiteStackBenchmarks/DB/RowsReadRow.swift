import LiteDB

/// `db.read.rows.1000`: a thousand rows as structs.
enum RowsReadRow {
    static let benchmark = Benchmark(name: "db.read.rows.1000") { plan in
        let path = try plan.newPath("people.sqlite3")
        let rawPath = try plan.newPath("people.sqlite3")
        try await fill(path)
        try await fill(rawPath)
        let database = try await Database.open(at: path, configuration: .normal)
        let statement = try RawDatabase(path: rawPath, durability: .normal).prepare(Person.select)
        let comparison = try await Comparison(plan) {
            try Stopwatch.time(for: plan.roundDuration, batch: 4) {
                let people = try database.read { snapshot in
                    try snapshot.all(SQL(Person.select)) { row in
                        Person(
                            id: try row.integer(0), name: try row.text(1), email: try row.text(2),
                            score: try row.real(3), age: try row.integer(4))
                    }
                }
                guard people.count == 1000, people[999].id == 1000 else { throw WrongResult() }
            } / 1000
        } baseline: {
            try Stopwatch.time(for: plan.roundDuration, batch: 4) {
                var people: [Person] = []
                while try statement.step() {
                    people.append(
                        Person(
                            id: statement.integer(0), name: statement.text(1), email: statement.text(2),
                            score: statement.real(3), age: statement.integer(4)))
                }
                guard people.count == 1000, people[999].id == 1000 else { throw WrongResult() }
            } / 1000
        }
        await database.close()
        return [
            ResultRow(
                "db.read.rows.1000", unit: "µs", better: .lower, goal: 1.5, comparison,
                against: "raw C API; one autocommit SELECT, each row into the same struct",
                text: "1,000 rows of 5 columns (2 INTEGER, 2 TEXT, 1 REAL) into an array of structs by `all { row in }`"
            )
        ]
    }

    private static func fill(_ path: String) async throws {
        let database = try await Database.open(at: path, configuration: .filling)
        try await database.write { transaction in
            try transaction.execute(
                """
                CREATE TABLE people (
                    id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, score REAL NOT NULL,
                    age INTEGER NOT NULL
                ) STRICT
                """)
            for id in 1...1000 {
                try transaction.execute(
                    """
                    INSERT INTO people (id, name, email, score, age)
                    VALUES (\(id), \("Person number \(id)"), \("person.\(id)@example.org"), \(Double(id) / 7), \(id % 90))
                    """)
            }
        }
        await database.close()
    }
}

private struct Person {
    static let select = "SELECT id, name, email, score, age FROM people ORDER BY id"

    let id: Int64
    let name: String
    let email: String
    let score: Double
    let age: Int64
}
