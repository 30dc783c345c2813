import Foundation
import LiteDB
import LiteJobs
import LiteStackTesting
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct WorkerTests {
    @Test func `a job that only workers of other queues know is put aside once`() async throws {
        try await withJobs { jobs, database in
            let foreign = try await jobs.enqueue(Note(), queue: "b")
            let one = jobs.worker(queues: ["a"]) { handlers in
                handlers.handle(Note.self) { _, _ in }
            }
            let other = jobs.worker(queues: ["b"]) { handlers in
                handlers.handle(OnceOnly.self) { _, _ in }
            }
            try await running(one) {
                try await running(other) {
                    _ = try await jobs.job(foreign, reaches: .parked)
                    for _ in 0..<5 {
                        _ = try await jobs.job(try await jobs.enqueue(Note(), queue: "a"), reaches: .completed)
                        _ = try await jobs.job(try await jobs.enqueue(OnceOnly(), queue: "b"), reaches: .completed)
                    }
                }
            }
            // Each claim and each putting aside counts one.
            let token = try database.read { snapshot in
                try snapshot.first("SELECT token FROM lite_jobs WHERE id = \(foreign.id.rawValue)", as: Int.self)
            }
            #expect(token == 2)
        }
    }

    @Test func `a worker does what waits and what comes`() async throws {
        try await withJobs { jobs, _ in
            let texts = Mutex<[String]>([])
            let first = try await jobs.enqueue(Note(text: "waited"))
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { job, _ in texts.withLock { $0.append(job.text) } }
            }
            try await running(worker) {
                let done = try await jobs.job(first, reaches: .completed)
                #expect(done.attempt == 1)
                #expect(done.finishedAt != nil)
                _ = try await jobs.job(try await jobs.enqueue(Note(text: "came")), reaches: .completed)
            }
            #expect(texts.withLock { $0 } == ["waited", "came"])
        }
    }

    @Test func `jobs run by priority, then by age, queue after queue`() async throws {
        struct Urgent: Job {
            static let kind = "urgent"
            static let queue = "urgent"
        }
        try await withJobs { jobs, _ in
            let order = Mutex<[String]>([])
            try await jobs.enqueue(Note(text: "plain 1"))
            try await jobs.enqueue(Note(text: "high 1"), priority: 5)
            try await jobs.enqueue(Note(text: "plain 2"))
            try await jobs.enqueue(Note(text: "high 2"), priority: 5)
            try await jobs.enqueue(Note(text: "low"), priority: -5)
            try await jobs.enqueue(Urgent())
            let worker = jobs.worker(queues: ["urgent", "default"], concurrency: 1) { handlers in
                handlers.handle(Note.self) { job, _ in order.withLock { $0.append(job.text) } }
                handlers.handle(Urgent.self) { _, _ in order.withLock { $0.append("urgent") } }
            }
            try await running(worker) {
                try await eventually("six jobs") { order.withLock { $0.count } == 6 }
            }
            #expect(order.withLock { $0 } == ["urgent", "high 1", "high 2", "plain 1", "plain 2", "low"])
        }
    }

    @Test func `no more jobs run at a time than the worker's concurrency`() async throws {
        try await withJobs { jobs, database in
            let now = Atomic<Int>(0)
            let most = Atomic<Int>(0)
            let (third, done) = (TestSignal(), TestSignal())
            for number in 0..<30 { try await jobs.enqueue(Note(text: "\(number)")) }
            let worker = jobs.worker(concurrency: 3) { handlers in
                handlers.handle(Note.self) { _, _ in
                    let count = now.add(1, ordering: .sequentiallyConsistent).newValue
                    most.max(count, ordering: .sequentiallyConsistent)
                    if count == 3 { third.send() }
                    try await third.wait()
                    now.subtract(1, ordering: .sequentiallyConsistent)
                    done.send()
                }
            }
            try await running(worker) { try await done.wait(count: 30) }
            #expect(most.load(ordering: .sequentiallyConsistent) == 3)
        }
    }

    @Test func `several workers do each job once`() async throws {
        try await withJobs { jobs, _ in
            let seen = Mutex<[String]>([])
            for number in 0..<200 { try await jobs.enqueue(Note(text: "\(number)")) }
            func worker() -> Worker {
                jobs.worker { handlers in
                    handlers.handle(Note.self) { job, _ in seen.withLock { $0.append(job.text) } }
                }
            }
            try await running(worker()) {
                try await running(worker()) {
                    try await running(worker()) {
                        try await eventually("200 jobs") { seen.withLock { $0.count } >= 200 }
                    }
                }
            }
            #expect(seen.withLock { $0.sorted() } == (0..<200).map { "\($0)" }.sorted())
        }
    }

    @Test func `a job that is enqueued by a rolled back transaction is not run`() async throws {
        try await withJobs { jobs, database in
            let texts = Mutex<[String]>([])
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { job, _ in texts.withLock { $0.append(job.text) } }
            }
            try await running(worker) {
                await #expect(throws: Broken.self) {
                    try await database.write { transaction in
                        try jobs.enqueue(Note(text: "never"), in: transaction)
                        throw Broken()
                    }
                }
                _ = try await jobs.job(try await jobs.enqueue(Note(text: "after")), reaches: .completed)
            }
            #expect(texts.withLock { $0 } == ["after"])
        }
    }

    @Test func `a scheduled job runs when its time has come, and not before`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            let later = try await jobs.enqueue(Note(), delay: .milliseconds(60_100))
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await running(worker) {
                try await time.advance(by: .milliseconds(60_000))
                // The worker looks at the clock before it runs this one.
                _ = try await jobs.job(try await jobs.enqueue(Note()), reaches: .completed)
                #expect(try await jobs.job(later)?.state == .scheduled)
                // Its time comes between two housekeepings: a timer of its own wakes the worker.
                try await time.clock.waitForSleepers(2)
                time.clock.advance(by: .milliseconds(100))
                _ = try await jobs.job(later, reaches: .completed)
            }
        }
    }

    @Test func `a job whose kind no handler knows waits for a worker that does`() async throws {
        struct Unknown: Job { static let kind = "unknown" }
        try await withJobs { jobs, _ in
            let unknown = try await jobs.enqueue(Unknown(), priority: 1)
            let known = try await jobs.enqueue(Note())
            let old = jobs.worker(concurrency: 1) { handlers in handlers.handle(Note.self) { _, _ in } }
            try await running(old) {
                _ = try await jobs.job(known, reaches: .completed)
                let parked = try await jobs.job(unknown, reaches: .parked)
                #expect(parked.attempt == 0)
                #expect(parked.reason == .unknownKind)
                let new = jobs.worker { handlers in handlers.handle(Unknown.self) { _, _ in } }
                try await running(new) {
                    let done = try await jobs.job(unknown, reaches: .completed)
                    #expect(done.attempt == 1)
                    #expect(done.reason == nil)
                }
            }
        }
    }

    @Test func `a job of a newer version is left to a newer worker`() async throws {
        struct NewNote: Job {
            static let kind = "note"
            static let version = 2
        }
        try await withJobs { jobs, _ in
            let id = try await jobs.enqueue(NewNote())
            let old = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await running(old) {
                let parked = try await jobs.job(id, reaches: .parked)
                #expect(parked.reason == .newerVersion)
            }
            let new = jobs.worker { handlers in handlers.handle(NewNote.self) { _, _ in } }
            try await running(new) { _ = try await jobs.job(id, reaches: .completed) }
        }
    }

    @Test func `a worker ends with an error when its database is closed`() async throws {
        try await withJobs { jobs, database in
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            let run = Task { try await worker.run() }
            _ = try await jobs.job(try await jobs.enqueue(Note()), reaches: .completed)
            await database.close()
            await #expect { try await run.value } throws: { ($0 as? DatabaseError)?.code == .closed }
        }
    }

    @Test func `finished jobs are removed when they are old`() async throws {
        let time = TestTime()
        var configuration = time.configuration
        configuration.completedRetention = .seconds(60)
        configuration.deadRetention = .seconds(120)
        try await withJobs(configuration) { jobs, database in
            let good = try await jobs.enqueue(Note())
            let bad = try await jobs.enqueue(OnceOnly())
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, _ in }
                handlers.handle(OnceOnly.self) { _, _ in throw Broken() }
            }
            try await running(worker) {
                _ = try await jobs.job(good, reaches: .completed)
                _ = try await jobs.job(bad, reaches: .dead)
                try await time.advance(by: .seconds(61))
                try await eventually("the completed job is gone") { try await jobs.job(good) == nil }
                #expect(try await jobs.job(bad)?.state == .dead)
                try await time.advance(by: .seconds(61))
                try await eventually("the dead job is gone") { try await jobs.job(bad) == nil }
            }
            let errorCount = try database.read { snapshot in try snapshot.rowCount(of: "lite_job_errors") }
            #expect(errorCount == 0)
        }
    }
}
