import LiteDB

/// `db.memory.idle` and `db.memory.scan`: what a database holds, and what a long read adds.
enum MemoryRows {
    static let idle = Benchmark(name: "db.memory.idle") { plan in
        let file = try await PairsFile(in: plan)
        let child = try Child("idle-memory", file.path)
        let bytes = try child.answer(Int.self)
        try child.finish()
        let readers = IdleMemoryCommand.readerCount
        let caches = readers * IdleMemoryCommand.cacheBytes
        return [
            ResultRow(
                "db.memory.idle", unit: "MiB", better: .lower, goal: 8, ours: Double(bytes - caches) / 1_048_576,
                text: "resident memory that opening, a write of every row and a scan through each reader leave, "
                    + "without the caches of the \(readers) readers (\(caches >> 20) MiB in all); the code that was "
                    + "first used then counts")
        ]
    }

    static let scan = Benchmark(name: "db.memory.scan") { plan in
        let path = try plan.newPath("lines.sqlite3")
        let many = 1_000_000
        let few = 100_000
        try await fill(path, rowCount: many)
        let growth = try [few, many].map { count in
            let child = try Child("scan-memory", path, "\(count)")
            defer { try? child.finish() }  // its answer is what counts
            return try child.answer(Int.self)
        }
        return [
            ResultRow(
                "db.memory.scan", unit: "MiB", better: .lower, goal: 1,
                ours: Double(growth[1] - growth[0]) / 1_048_576,
                text: "what the peak memory of a process grows more by a scan of 1,000,000 rows through `forEach` than "
                    + "by one of 100,000, which grows it by \(growth[0] >> 10) KiB")
        ]
    }

    private static func fill(_ path: String, rowCount: Int) async throws {
        let database = try await Database.open(at: path, configuration: .filling)
        try await database.write { transaction in
            try transaction.execute("CREATE TABLE lines (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")
            try transaction.execute(
                """
                WITH RECURSIVE counter (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM counter WHERE id < \(rowCount))
                INSERT INTO lines (id, text)
                SELECT id, printf('%050d', id) FROM counter
                """)
        }
        await database.close()
    }
}
