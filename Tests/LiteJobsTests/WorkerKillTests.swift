import Foundation
import LiteDB
import LiteJobs
import LiteStackTesting
import Logging
import Synchronization
import Testing

/// Workers that die are processes here, and die by `kill -9`.
@Suite(.timeLimit(.minutes(5))) struct WorkerKillTests {
    private let helper = ChildProcess.builtExecutable("LiteStackCrashHelper")

    /// Runs `body` with a queue on which another process works, with one job begun.
    private func withOtherWorker(_ body: (JobQueue, Database, JobID, ChildProcess) async throws -> Void) async throws {
        try await withJobs { jobs, database in
            let id = try await jobs.enqueue(Note(text: "begun elsewhere")).id
            try await withChildProcess(helper, arguments: ["work", database.path]) { child in
                _ = try await child.line("the first attempt") { $0 == "attempt 1" }
                // Its last write for now: one that was stopped in the middle of it would hold everybody back.
                try await eventually("the beginning is noted") { try await jobs.job(id)?.startedAt != nil }
                try await body(jobs, database, id, child)
            }
        }
    }

    @Test func `a job whose process was killed runs again at once`() async throws {
        try await withOtherWorker { jobs, _, id, child in
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await running(worker) {
                _ = try await jobs.job(try await jobs.enqueue(Note()), reaches: .completed, .running)
                #expect(try await jobs.job(id)?.attempt == 1)
                let clock = ContinuousClock()
                let killed = clock.now
                child.send(.kill)
                let done = try await jobs.job(id, reaches: .completed)
                // Not after a time-out; the second itself is measured by `scripts/bench jobs.rescue`.
                #expect(clock.now - killed < .seconds(15))
                #expect(done.attempt == 2)
                #expect(done.crashCount == 1)
            }
        }
    }

    @Test func `a job whose process was killed runs at the next start`() async throws {
        try await withOtherWorker { jobs, _, id, child in
            child.send(.kill)
            _ = try await child.waitForExit()
            #expect(try await jobs.job(id)?.state == .running)
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await running(worker) {
                let done = try await jobs.job(id, reaches: .completed)
                #expect(done.attempt == 2)
            }
        }
    }

    @Test func `a process that stands still while it runs a job is warned of`() async throws {
        try await withOtherWorker { jobs, database, id, child in
            let log = RecordingLog()
            var configuration = JobQueue.Configuration()
            configuration.unresponsiveAfter = .seconds(1)
            let other = try await JobQueue(
                database, configuration: configuration, logger: log.logger)
            let worker = other.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await running(worker) {
                #expect(log.count(of: "no sign of life") == 0)
                #expect(try await child.standStill())
                try await eventually("a warning") { log.count(of: "no sign of life") == 1 }
                #expect(try await jobs.job(id)?.state == .running)
                child.send(.resume)
            }
        }
    }

    @Test func `a process that stands still keeps its job`() async throws {
        try await withOtherWorker { jobs, database, id, child in
            #expect(try await child.standStill())
            let time = TestTime()
            let patient = try await JobQueue(database, configuration: time.configuration, logger: silent)
            let worker = patient.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await running(worker) {
                for _ in 0..<5 {
                    try await time.advance(by: .seconds(60))
                    _ = try await jobs.job(try await jobs.enqueue(Note()), reaches: .completed)
                }
                #expect(try await jobs.job(id)?.state == .running)
                #expect(try await jobs.job(id)?.attempt == 1)
            }
            child.send(.resume)
        }
    }
}
