import Foundation
import LiteStackTesting
import Synchronization
import Testing

@testable import LiteDB
@testable import LiteJobs

@Suite(.timeLimit(.minutes(5))) struct JobSchemaTests {
    @Test func `a file of the first step keeps its jobs, errors and ids`() async throws {
        try await withTemporaryDatabase { database in
            try await database.prepare(
                ComponentSchema(component: "jobs", steps: [.init(oldestUsable: 1, sql: JobSchema.first)]))
            try await database.write { transaction in
                try transaction.executeScript(
                    """
                    INSERT INTO lite_job_workers (id, uuid, pid, started_at) VALUES (7, 'gone', 1, 2);
                    INSERT INTO lite_jobs (
                        id, queue, kind, version, priority, state, payload, attempt, maximum_attempts, worker,
                        enqueued_at, run_at)
                    VALUES (40, 'default', 'note', 1, 0, 'running', CAST('{"text":"old"}' AS BLOB), 1, 3, 7, 1, 2);
                    INSERT INTO lite_job_errors VALUES (40, 1, 2, 'an old error');
                    UPDATE sqlite_sequence SET seq = 1000 WHERE name = 'lite_jobs';
                    """)
            }
            let jobs = try await JobQueue(database, logger: silent)
            let old = try #require(try await jobs.job(JobID(rawValue: 40)))
            #expect(old.state == .running && old.errors.map(\.message) == ["an old error"])
            #expect(try await jobs.enqueue(Note()).id == JobID(rawValue: 1001))
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await running(worker) {
                _ = try await jobs.job(JobID(rawValue: 1001), reaches: .completed)
                let note = try await jobs.job(JobID(rawValue: 40), reaches: .running, .available, .completed)
                #expect(try note.decode(Note.self).text == "old")
            }
            #expect(try await jobs.statistics().count(.completed) >= 1)
            let names = try database.read { snapshot in try snapshot.tables().map(\.name) }
            #expect(names.allSatisfy { !$0.hasPrefix("lite_old") })
        }
    }

    @Test func `a file of the second step keeps everything, and its jobs are still checked`() async throws {
        try await withTemporaryDatabase { database in
            let steps = JobSchema.tables.steps.prefix(2)
            try await database.prepare(ComponentSchema(component: "jobs", steps: Array(steps)))
            try await database.write { transaction in
                try transaction.executeScript(
                    """
                    INSERT INTO lite_job_workers (id, uuid, pid, queues, concurrency, started_at)
                    VALUES (7, 'gone', 1, 'default, other', 9, 2);
                    INSERT INTO lite_jobs (
                        id, kind, priority, state, attempt, crashes, token, worker, nonce, enqueued_at, run_at, started_at,
                        expires_at, unique_key, unique_until, tags, metadata, progress, progress_message, payload)
                    VALUES (40, 'note', 3, 'running', 2, 1, 5, 7, 99, 1, 2, 3, NULL, 'key', 'finished', '["a"]', '{"b":"c"}',
                        0.5, 'half', '{"text":"old"}');
                    INSERT INTO lite_jobs (
                        id, queue, kind, state, reason, finished_at, prune_at, schedule, slot, output, payload)
                    VALUES (41, 'other', 'note', 'dead', 'discarded', 4, 9e12, 'each', 1000, '1', '{"text":"dead"}');
                    INSERT INTO lite_job_errors VALUES (40, 1, 2, 'an old error');
                    INSERT INTO lite_job_steps VALUES (40, 'step', 2, '3');
                    INSERT INTO lite_job_locks VALUES ('key', 40, 9000000000000);
                    INSERT INTO lite_job_pauses VALUES ('kind', 'other', 1);
                    INSERT INTO lite_job_schedules VALUES ('each', '@daily', 'UTC', 1, 1, 0, 0, 1, 1000, 9000000000000,
                        'default', 'note', 1, 0, 20, NULL, '{}');
                    UPDATE sqlite_sequence SET seq = 1000 WHERE name = 'lite_jobs';
                    """)
            }
            let before = try rows(of: database)
            let jobs = try await JobQueue(database, logger: silent)
            #expect(try rows(of: database) == before)
            #expect(try await jobs.enqueue(Note()).id == JobID(rawValue: 1001))
            let counts = try await jobs.statistics().counts
            #expect(
                Set(counts.map { "\($0.queue) \($0.state) \($0.count)" })
                    == ["default running 1", "default available 1", "other dead 1"])
            for change in ["state = 'odd'", "state = 'completed'", "worker = NULL"] as [SQL] {
                await #expect { try await database.execute("UPDATE lite_jobs SET \(change) WHERE id = 40") } throws: {
                    ($0 as? DatabaseError)?.code == .constraint
                }
            }
        }
    }

    /// Every value of every table of the queue.
    private func rows(of database: Database) throws -> [String: [[SQLValue]]] {
        try database.read { snapshot in
            var rows: [String: [[SQLValue]]] = [:]
            for table in try snapshot.tables() where table.name.hasPrefix("lite_job") {
                rows[table.name] = try snapshot.all("SELECT * FROM \(raw: table.name)") { row in
                    var values: [SQLValue] = []
                    for column in 0..<row.columnCount { values.append(try row.get(column)) }
                    return values
                }
            }
            return rows
        }
    }

    @Test func `the checks of an insert make no table in memory`() async throws {
        try await withJobs { jobs, database in
            let new = try jobs.newJob(Note(), EnqueueOptions())
            let sql = JobStore.insert(new, at: 0)
            let steps = try await database.write { transaction in
                try transaction.all(SQL("EXPLAIN " + sql.text, arguments: sql.arguments)) { row in
                    (try row.text(1), try row.get(0, as: Int.self))
                }
            }
            // The one is for the index of unique keys, and is passed over where there is no key.
            #expect(steps.count { $0.0 == "OpenEphemeral" } == 1, "\(steps)")
        }
    }

    @Test func `counts are right after a job was given to another queue and kind by SQL`() async throws {
        try await withJobs { jobs, database in
            let id = try await jobs.enqueue(Note()).id
            try await jobs.enqueue(Note())
            try await database.execute(
                "UPDATE lite_jobs SET queue = 'other', kind = 'renamed' WHERE id = \(id.rawValue)")
            let counts = try await jobs.statistics().counts
            #expect(Set(counts.map { "\($0.queue) \($0.kind) \($0.count)" }) == ["default note 1", "other renamed 1"])
        }
    }

    @Test func `a payload that is a number is refused`() async throws {
        try await withJobs { _, database in
            await #expect {
                try await database.execute("INSERT INTO lite_jobs (kind, payload) VALUES ('note', 5)")
            } throws: {
                ($0 as? DatabaseError)?.code == .constraint
            }
        }
    }

    @Test(arguments: ["[x]", "[1]"])
    func `a row with tags that cannot be read is dead, and stops neither workers nor lists`(tags: String) async throws {
        try await withJobs { jobs, database in
            // Its payload can be read: nothing else is wrong with it.
            try await database.execute(
                "INSERT INTO lite_jobs (kind, payload, tags) VALUES ('note', json_object('text', 'odd'), \(tags))")
            let good = try await jobs.enqueue(Note(), tags: ["a"])
            try await jobs.pause(.tag("b"))
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await worker.runUntilIdle()
            #expect(try await jobs.job(good)?.state == .completed)
            let dead = try await jobs.jobs(where: .dead)
            #expect(dead.map(\.reason) == [.undecodable])
            #expect(dead.first?.tags == [] && dead.first?.errors.count == 1)
            #expect(try await jobs.jobs(where: .tag("a")).map(\.id) == [good.id])
        }
    }

    @Test func `the age of a queue is that of the job that has been due for longest`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, database in
            try await jobs.enqueue(Note(text: "scheduled long ago"), delay: .seconds(3600))
            try await jobs.enqueue(Note(text: "waits"))
            time.clock.advance(by: .seconds(3600))
            try await database.write { transaction in
                try transaction.execute(JobStore.promote(at: jobs.clock.milliseconds()))
            }
            #expect(try await jobs.statistics().count(.available) == 2)
            #expect(try await jobs.statistics().oldestAges["default"] == .seconds(3600))
        }
    }

    @Test func `a job that came due just now runs after one that has waited since before`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            try await jobs.enqueue(Note(text: "scheduled long ago"), delay: .seconds(3600))
            try await jobs.enqueue(Note(text: "waits"))
            time.clock.advance(by: .seconds(3600))
            // A claim makes what is due available.
            let texts = Mutex<[String]>([])
            let worker = jobs.worker(concurrency: 1) { handlers in
                handlers.handle(Note.self) { job, _ in
                    texts.withLock { $0.append(job.text) }
                }
            }
            try await jobs.enqueue(Note(text: "last"))
            try await worker.runUntilIdle()
            #expect(texts.withLock { $0 } == ["waits", "scheduled long ago", "last"])
        }
    }
}
