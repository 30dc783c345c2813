import Foundation
import LiteStackTesting
import Synchronization
import Testing

@testable import LiteDB
@testable import LiteJobs

@Suite(.timeLimit(.minutes(1))) struct JobSchemaTests {
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
            try await database.execute("INSERT INTO lite_jobs (kind, payload, tags) VALUES ('note', '{}', \(tags))")
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
