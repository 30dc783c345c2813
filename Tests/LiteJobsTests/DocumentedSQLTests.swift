import Foundation
import LiteStackTesting
import Testing

@testable import LiteDB
@testable import LiteJobs

/// What the guide *Looking, steering, and other languages* promises to the sqlite3 shell and to other languages, on new files
/// and on those that earlier steps of the schema made.
@Suite(.timeLimit(.minutes(5))) struct DocumentedSQLTests {
    /// The statements of the guide, as they stand there.
    private static func documented() throws -> [String] {
        let guide = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/LiteJobs/LiteJobs.docc/Operating.md")
        let parts = try String(contentsOf: guide, encoding: .utf8).components(separatedBy: "```")
        return parts.enumerated().filter { $0.offset % 2 == 1 && $0.element.hasPrefix("sql\n") }
            .map { String($0.element.dropFirst(4)) }
    }

    /// Runs Python's sqlite3 on the file.
    private func python(_ script: String, _ arguments: [String]) async throws -> [String] {
        let head = "import json, sqlite3, sys\nfile = sqlite3.connect(sys.argv[1], timeout=5, isolation_level=None)\n"
        return try await withChildProcess("/usr/bin/env", arguments: ["python3", "-c", head + script] + arguments) {
            let exit = try await $0.waitForExit()
            #expect(exit == .exited(0), "\($0.lines)")
            return $0.lines
        }
    }

    /// Runs `body` with a queue on a file that was made by so many steps of the schema.
    private func withQueue(madeBy stepCount: Int, _ body: (JobQueue, Database) async throws -> Void) async throws {
        var settings = Database.Configuration()
        settings.durability = .normal
        try await withTemporaryDatabase(settings) { database in
            let steps = Array(JobSchema.tables.steps.prefix(stepCount))
            try await database.prepare(ComponentSchema(component: "jobs", steps: steps))
            try await body(try await JobQueue(database, logger: silent), database)
        }
    }

    private static let stepCounts = 1...JobSchema.tables.steps.count

    @Test(arguments: stepCounts) func `every statement of the guide runs`(stepCount: Int) async throws {
        let blocks = try Self.documented()
        #expect(blocks.count >= 2)
        try await withQueue(madeBy: stepCount) { jobs, database in
            try await jobs.set(schedule: JobSchedule("nightly", "@daily", Note()))
            _ = try await python("for block in sys.argv[2:]: file.executescript(block)", [database.path] + blocks)
            // The one that enqueues.
            let kinds = try await jobs.jobs(where: JobFilter()).map(\.kind)
            #expect(kinds == ["send-receipt"])
        }
    }

    @Test(arguments: stepCounts) func `the views show what there is`(stepCount: Int) async throws {
        try await withQueue(madeBy: stepCount) { jobs, database in
            let (started, mayEnd) = (TestSignal(), TestSignal())
            let bad = try await jobs.enqueue(OnceOnly(), tags: ["a"])
            let worker = jobs.worker { handlers in
                handlers.handle(OnceOnly.self) { _, _ in throw Broken() }
                handlers.handle(Note.self) { _, context in
                    try await context.report(progress: 0.5, "half")
                    started.send()
                    try await mayEnd.wait(within: .seconds(60))
                }
            }
            try await jobs.set(schedule: JobSchedule("nightly", "0 3 1 1 *", zone: "Europe/Berlin", Note()))
            try await running(worker) {
                _ = try await jobs.job(bad, reaches: .dead)
                let long = try await jobs.enqueue(Note(text: "long"), queue: "default")
                try await started.wait()
                try await eventually("the beginning is noted") { try await jobs.job(long)?.startedAt != nil }
                let later = try await jobs.enqueue(Note(text: "later"), delay: .seconds(3_600))
                let lines = try await python(
                    """
                    for query in [
                        "SELECT id, kind, state, reason, attempt, last_error, tags, payload FROM lite_job_overview ORDER BY id",
                        "SELECT kind, state, count FROM lite_job_depth ORDER BY kind, state",
                        "SELECT id, kind, state, attempt, message FROM lite_job_failures",
                        "SELECT id, kind, attempt, progress, progress_message FROM lite_job_running",
                        "SELECT name, timing, zone, kind, is_paused, is_retired, last FROM lite_job_timetable",
                        "SELECT count(*) FROM lite_job_overview WHERE due > enqueued AND due LIKE '20__-__-__ __:__:__'",
                        "SELECT count(*) FROM lite_job_running WHERE started IS NOT NULL AND pid > 0 AND length(uuid) = 36",
                        "SELECT count(*) FROM lite_job_timetable WHERE next LIKE '20__-01-01 02:00:00'",
                    ]: print(json.dumps(file.execute(query).fetchall()))
                    """, [database.path])
                #expect(
                    lines == [
                        #"[[\#(bad.id), "once-only", "dead", "attemptsExhausted", 1, "the ink is dry", "[\"a\"]", "{}"], "#
                            + #"[\#(long.id), "note", "running", null, 1, null, null, "{\"text\":\"long\"}"], "#
                            + #"[\#(later.id), "note", "scheduled", null, 0, null, null, "{\"text\":\"later\"}"]]"#,
                        #"[["note", "running", 1], ["note", "scheduled", 1], ["once-only", "dead", 1]]"#,
                        #"[[\#(bad.id), "once-only", "dead", 1, "the ink is dry"]]"#,
                        #"[[\#(long.id), "note", 1, 0.5, "half"]]"#,
                        #"[["nightly", "0 3 1 1 *", "Europe/Berlin", "note", 0, 0, null]]"#, "[[1]]", "[[1]]", "[[1]]",
                    ])
                mayEnd.send()
                _ = try await jobs.job(long, reaches: .completed)
            }
        }
    }

    @Test(arguments: stepCounts)
    func `another language gives what it may, and the rest has its default`(stepCount: Int) async throws {
        try await withQueue(madeBy: stepCount) { jobs, database in
            _ = try await python(
                """
                file.execute("PRAGMA wal_autocheckpoint = 0")
                file.execute("BEGIN IMMEDIATE")
                file.execute("INSERT INTO lite_jobs (kind, payload) VALUES ('note', ?)", [json.dumps({"text": "plain"})])
                file.execute("INSERT INTO lite_jobs (kind, payload, queue, version, priority, maximum_attempts, tags, state,"
                    " run_at) VALUES ('note', ?, 'mail', 1, 5, 7, ?, 'scheduled', 4102444800000)",
                    [json.dumps({"text": "ink ü"}), json.dumps(["red", "b\\"lue"])])
                file.execute("COMMIT")
                file.execute("BEGIN IMMEDIATE")
                file.execute("INSERT INTO lite_jobs (kind, payload) VALUES ('note', '{}')")
                file.execute("ROLLBACK")
                """, [database.path])
            let found = try await jobs.jobs(where: JobFilter())
            #expect(found.count == 2)
            let (given, plain) = (found[0], found[1])
            #expect(plain.state == .available && plain.queue == "default" && plain.version == 1 && plain.priority == 0)
            #expect(plain.maximumAttemptCount == 20 && plain.attempt == 0 && plain.tags == [])
            #expect(abs(plain.enqueuedAt.timeIntervalSinceNow) < 60 && abs(plain.runAt.timeIntervalSinceNow) < 60)
            #expect(given.state == .scheduled && given.runAt == Date(timeIntervalSince1970: 4_102_444_800))
            #expect(given.queue == "mail" && given.priority == 5 && given.maximumAttemptCount == 7)
            #expect(given.tags == ["red", "b\"lue"])
            #expect(try given.decode(Note.self).text == "ink ü")
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await worker.runUntilIdle()
            #expect(try await jobs.job(plain.id)?.state == .completed)
            #expect(try await jobs.statistics().count(.scheduled, in: "mail") == 1)
        }
    }
}
