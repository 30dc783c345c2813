import Foundation
import LiteDB
import LiteJobs
import LiteStackTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct JobQueueTests {
    @Test func `a job is stored as it was enqueued`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            let id = try await jobs.enqueue(Note(text: "hello"), priority: 3)
            let job = try #require(try await jobs.job(id))
            #expect(job.kind == "note")
            #expect(job.version == 1)
            #expect(job.queue == "default")
            #expect(job.priority == 3)
            #expect(job.state == .available)
            #expect(job.attempt == 0)
            #expect(job.enqueuedAt == TestTime.start)
            #expect(job.finishedAt == nil)
            #expect(try await jobs.job(JobID(rawValue: id.id.rawValue + 1)) == nil)
        }
    }

    @Test func `a job waits for its time`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            let later = try await jobs.enqueue(Note(), delay: .milliseconds(1_500))
            #expect(try await jobs.job(later)?.state == .scheduled)
            #expect(try await jobs.job(later)?.runAt == TestTime.start + 1.5)
            let dated = try await jobs.enqueue(Note(), runAt: TestTime.start + 60)
            #expect(try await jobs.job(dated)?.state == .scheduled)
            let past = try await jobs.enqueue(Note(), runAt: TestTime.start - 60)
            #expect(try await jobs.job(past)?.state == .available)
            let never = try await jobs.enqueue(Note(), runAt: .distantFuture)
            #expect(try await jobs.job(never)?.state == .scheduled)
        }
    }

    @Test func `a job of a transaction that rolls back was never there`() async throws {
        try await withJobs { jobs, database in
            await #expect(throws: Broken.self) {
                try await database.write { transaction in
                    let id = try jobs.enqueue(Note(), in: transaction)
                    #expect(try jobs.job(id.id, in: transaction)?.state == .available)
                    throw Broken()
                }
            }
            let count = try database.read { snapshot in try snapshot.rowCount(of: "lite_jobs") }
            #expect(count == 0)
        }
    }

    @Test func `a job and the row that it is about are committed together`() async throws {
        try await withJobs { jobs, database in
            try await database.execute("CREATE TABLE drawings (id INTEGER PRIMARY KEY, title TEXT) STRICT")
            let id = try await database.write { transaction in
                try transaction.execute("INSERT INTO drawings (title) VALUES ('a tree')")
                return try jobs.enqueue(Note(), delay: .zero, in: transaction)
            }
            #expect(try await jobs.job(id)?.state == .available)
        }
    }

    @Test func `a transaction of another file is refused`() async throws {
        try await withJobs { jobs, _ in
            try await withTemporaryDatabase { other in
                await #expect {
                    try await other.write { transaction in try jobs.enqueue(Note(), in: transaction) }
                } throws: {
                    ($0 as? JobError)?.code == .wrongDatabase
                }
            }
        }
    }

    @Test func `a job that is too large is refused`() async throws {
        var configuration = JobQueue.Configuration()
        configuration.maximumPayloadBytes = 20
        try await withJobs(configuration) { jobs, _ in
            try await jobs.enqueue(Note(text: "short"))
            await #expect {
                try await jobs.enqueue(Note(text: "a text that is somewhat longer"))
            } throws: {
                ($0 as? JobError)?.code == .tooLarge
            }
        }
    }

    @Test func `a waiting job can be cancelled, once`() async throws {
        try await withJobs { jobs, _ in
            let id = try await jobs.enqueue(Note())
            #expect(try await jobs.cancel(id))
            let job = try #require(try await jobs.job(id))
            #expect(job.state == .cancelled)
            #expect(job.state.isFinal)
            #expect(job.finishedAt != nil)
            #expect(try await !jobs.cancel(id))
            #expect(try await !jobs.cancel(JobID(rawValue: 99)))
        }
    }

    @Test func `a cancelled job can be enqueued again, a waiting one cannot`() async throws {
        try await withJobs { jobs, _ in
            let id = try await jobs.enqueue(Note())
            #expect(try await !jobs.retry(id))
            try await jobs.cancel(id)
            #expect(try await jobs.retry(id))
            #expect(try await jobs.job(id)?.state == .available)
        }
    }
}
