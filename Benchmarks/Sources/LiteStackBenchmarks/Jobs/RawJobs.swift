import CBenchSQLite

/// The baseline of jobs: the same tables with their indexes and triggers, and the same statements, through the C API.
final class RawJobs {
    private let database: RawDatabase
    private let insertion: RawStatement
    private let claim: RawStatement
    private let removal: RawStatement
    private let begin: RawStatement
    private let commit: RawStatement

    init(path: String, durability: RawDatabase.Durability) throws {
        database = try RawDatabase(path: path, durability: durability)
        insertion = try database.prepare(
            """
            INSERT INTO lite_jobs (
                queue, kind, version, priority, state, maximum_attempts, enqueued_at, run_at, expires_at, unique_key,
                unique_until, schedule, slot, tags, metadata, payload)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        claim = try database.prepare(
            """
            UPDATE lite_jobs
            SET state = 'running', worker = ?, attempt = attempt + 1, token = token + 1, started_at = ?, progress = NULL,
                progress_message = NULL
            WHERE id IN (
                SELECT id
                FROM lite_jobs
                WHERE state = 'available' AND queue = ?
                ORDER BY priority DESC, run_at, id
                LIMIT ?)
            RETURNING id, kind, version, priority, attempt, maximum_attempts, token, nonce, enqueued_at, run_at,
                expires_at, slot, tags, metadata, payload
            """)
        removal = try database.prepare("DELETE FROM lite_jobs WHERE id = ? AND state = 'running' AND token = ?")
        begin = try database.prepare("BEGIN IMMEDIATE")
        commit = try database.prepare("COMMIT")
    }

    /// Stores one job.
    @inline(never)  // inlined into an async closure it crashes the optimiser of Swift 6.3.1
    func insert(_ number: Int) throws {
        let statement = insertion.handle
        let payload = "{\"number\":\(number),\"at\":0}"
        let now = Int64(bench_now() / 1_000_000)
        try text("default", at: 1, of: statement) {
            try text("noop", at: 2, of: statement) {
                sqlite3_bind_int64(statement, 3, 1)
                sqlite3_bind_int64(statement, 4, 0)
                try text("available", at: 5, of: statement) {
                    sqlite3_bind_int64(statement, 6, 20)
                    sqlite3_bind_int64(statement, 7, now)
                    sqlite3_bind_int64(statement, 8, now)
                    try text(payload, at: 16, of: statement) { _ = try insertion.step() }
                }
            }
        }
    }

    /// Stores many jobs in one transaction.
    @inline(never)  // the same
    func insert(_ numbers: Range<Int>) throws {
        _ = try begin.step()
        for number in numbers { try insert(number) }
        _ = try commit.step()
    }

    /// Acknowledges what it has and claims the next 32, in one transaction, until nothing is left.
    ///
    /// - Returns: How many there were.
    @inline(never)  // the same
    func drain() throws -> Int {
        var held: [(id: Int64, token: Int64)] = []
        var count = 0
        repeat {
            _ = try begin.step()
            for job in held {
                sqlite3_bind_int64(removal.handle, 1, job.id)
                sqlite3_bind_int64(removal.handle, 2, job.token)
                _ = try removal.step()
            }
            held.removeAll(keepingCapacity: true)
            sqlite3_bind_int64(claim.handle, 1, 1)
            sqlite3_bind_int64(claim.handle, 2, 1)
            try text("default", at: 3, of: claim.handle) {
                sqlite3_bind_int64(claim.handle, 4, 32)
                while try claim.step() {
                    held.append((claim.integer(0), claim.integer(6)))
                    _ = claim.text(1)
                    _ = claim.blob(14)
                }
            }
            _ = try commit.step()
            count += held.count
        } while !held.isEmpty
        return count
    }

    private func text<Result>(
        _ text: String, at index: Int32, of statement: OpaquePointer, _ body: () throws -> Result
    ) rethrows -> Result {
        var copy = text
        return try copy.withUTF8 { utf8 in
            try utf8.withMemoryRebound(to: CChar.self) { bytes in
                bench_bind_text(statement, index, bytes.baseAddress, Int32(bytes.count))
                return try body()
            }
        }
    }
}
