import Foundation
import LiteJobs
import LiteStackTesting
import Testing

@testable import LiteDB

/// What goes wrong around a queue.
@Suite(.timeLimit(.minutes(5))) struct TroubleTests {
    @Test func `a disk that fills while jobs run loses no job, and they go on when there is room`() async throws {
        try await withJobs { jobs, database in
            try await database.execute("CREATE TABLE ballast (bytes BLOB) STRICT")
            let ids = try await jobs.enqueue(contentsOf: (0..<20).map { Note(text: "\($0)") }).map(\.id)
            let (started, mayEnd, failed) = (TestSignal(), TestSignal(), TestSignal())
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, context in
                    started.send()
                    try await mayEnd.wait(within: .seconds(60))
                    do {
                        try await context.transaction("fill") { transaction in
                            try transaction.execute("INSERT INTO ballast VALUES (zeroblob(200000))")
                        }
                    } catch let error as DatabaseError where error.code == .diskFull {
                        failed.send()
                        throw error
                    }
                }
            }
            try await running(worker) {
                try await started.wait(count: 4)
                // As if the disk ended here: no page more can be added.
                let connection = database.core.writer.connection
                try await database.write { transaction in
                    let count = try transaction.first("PRAGMA page_count", as: Int.self) ?? 0
                    try connection.run("PRAGMA max_page_count = \(count)", doing: "Ending the disk")
                }
                mayEnd.send()
                try await failed.wait(count: 4)
                try await database.write { _ in
                    try connection.run("PRAGMA max_page_count = 1000000", doing: "Making room")
                }
                _ = try await jobs.enqueue(Note(text: "after"))
                try await eventually("there is nothing but waiting and completed jobs") {
                    try await jobs.statistics().counts.allSatisfy { [.completed, .scheduled].contains($0.state) }
                }
            }
            for id in ids {
                let job = try #require(try await jobs.job(id))
                #expect(job.state == .completed || job.errors.contains { $0.message.contains("diskFull") })
            }
        }
    }

    @Test(arguments: [3_600.0, -3_600])
    func `a clock that jumps by an hour moves what is scheduled by the clock, and loses nothing`(jump: Double)
        async throws
    {
        try await withTemporaryJobs { test in
            let worker = test.jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            let handle = try await test.jobs.enqueue(Note(), delay: .seconds(600))
            let now = try await test.jobs.enqueue(Note())
            test.clock.stepDate(by: .seconds(jump))
            try await test.drain(worker)
            // What could run runs, whatever the clock says.
            #expect(try await now.record()?.state == .completed)
            // Forward: its time has come. Back: it comes by the clock, an hour later than was meant.
            #expect(try await handle.record()?.state == (jump > 0 ? .completed : .scheduled))
            try await test.drain(worker, through: .seconds(jump > 0 ? 0 : 4_200))
            #expect(try await handle.record()?.state == .completed)
        }
    }

    @Test func `dates in the far past and future are taken`() async throws {
        try await withJobs { jobs, _ in
            let past = try await jobs.enqueue(Note(), runAt: .distantPast)
            #expect(try await past.record()?.state == .available)
            let future = try await jobs.enqueue(Note(), runAt: .distantFuture)
            #expect(try await future.record()?.state == .scheduled)
            let beyond = try await jobs.enqueue(Note(), runAt: Date(timeIntervalSince1970: 1e300))
            #expect(try await beyond.record()?.state == .scheduled)
            let never = try await jobs.enqueue(Note(), delay: .seconds(Int64.max))
            #expect(try await never.record()?.state == .scheduled)
        }
    }

    @Test func `an empty queue name is refused, an odd one is a name`() async throws {
        try await withJobs { jobs, _ in
            await #expect { try await jobs.enqueue(Note(), queue: "") } throws: {
                ($0 as? JobError)?.code == .invalidOptions
            }
            let odd = "'; DROP TABLE lite_jobs; -- \u{0} 😀\n"
            let handle = try await jobs.enqueue(Note(), queue: odd)
            let worker = jobs.worker(queues: [WorkerQueue(odd)]) { handlers in handlers.handle(Note.self) { _, _ in } }
            try await worker.runUntilIdle()
            #expect(try await handle.record()?.state == .completed)
        }
    }

    @Test func `another language enqueues by SQL, and the shell sees what there is`() async throws {
        try await withJobs { jobs, database in
            let script = """
                import sqlite3, sys
                file = sqlite3.connect(sys.argv[1], timeout=5, isolation_level=None)
                file.execute("PRAGMA wal_autocheckpoint = 0")
                file.execute("BEGIN IMMEDIATE")
                file.execute("INSERT INTO lite_jobs (kind, payload) VALUES ('note', json_object('text', 'from Python'))")
                file.execute("COMMIT")
                print(file.execute("SELECT kind, state, payload FROM lite_job_overview").fetchall())
                print(file.execute("SELECT queue, kind, state, count FROM lite_job_depth").fetchall())
                """
            try await withChildProcess(
                "/usr/bin/env", arguments: ["python3", "-c", script, database.path]
            ) { child in
                let exit = try await child.waitForExit()
                #expect(exit == .exited(0))
                #expect(
                    child.lines == [
                        #"[('note', 'available', '{"text":"from Python"}')]"#, "[('default', 'note', 'available', 1)]",
                    ])
            }
            try await jobs.expectEnqueued(Note.self) { $0.text == "from Python" }
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await worker.runUntilIdle()
            #expect(try await jobs.statistics().count(.completed) == 1)
        }
    }
}
