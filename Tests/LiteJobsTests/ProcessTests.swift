import Foundation
import LiteDB
import LiteJobs
import LiteStackTesting
import ServiceLifecycle
import Testing

/// Several processes on one queue. The others run jobs of the kind `note`, none of which ends by itself.
@Suite(.timeLimit(.minutes(5))) struct ProcessTests {
    private let helper = ChildProcess.builtExecutable("LiteStackCrashHelper")

    @Test func `a job that runs in another process is cancelled there, and its slot is free`() async throws {
        try await withJobs { jobs, database in
            let ids = try await jobs.enqueue(contentsOf: (0..<5).map { Note(text: "\($0)") }).map(\.id)
            try await withChildProcess(helper, arguments: ["work", database.path]) { _ in
                for id in ids.prefix(4) { _ = try await jobs.job(id, reaches: .running) }
                #expect(try await jobs.job(ids[4])?.state == .available)
                #expect(try await jobs.cancel(ids[0]))
                _ = try await jobs.job(ids[4], reaches: .running)
                #expect(try await jobs.job(ids[0])?.state == .cancelled)
            }
        }
    }

    @Test func `a pause holds in another process until it is resumed`() async throws {
        try await withJobs { jobs, database in
            try await withChildProcess(helper, arguments: ["work", database.path]) { child in
                _ = try await jobs.job(try await jobs.enqueue(Note()), reaches: .running)
                try await jobs.pause(.kind("note"))
                let held = try await jobs.enqueue(Note())
                // Put aside by the other process: there is no worker here.
                #expect(try await jobs.job(held, reaches: .parked, .running).reason == .pausedKind)
                try await jobs.resume(.kind("note"))
                _ = try await jobs.job(held, reaches: .running)
            }
        }
    }

    @Test func `eight processes put one job for each time of a schedule into its queue`() async throws {
        try await withJobs { jobs, database in
            try await jobs.set(schedule: JobSchedule("each", "@every 1s", catchUp: .all(max: 100), Note(text: "tick")))
            try await withWorkers(8, on: database.path) {
                var filter = JobFilter()
                filter.schedule = "each"
                try await eventually("five times") { try await jobs.jobs(where: filter).count >= 5 }
                try await jobs.pause(schedule: "each")
                let times = try await jobs.jobs(where: filter).compactMap(\.scheduledFor).sorted()
                for (earlier, later) in zip(times, times.dropFirst()) {
                    #expect(later.timeIntervalSince(earlier) == 1)
                }
            }
        }
    }

    private func withWorkers(_ count: Int, on path: String, _ body: () async throws -> Void) async throws {
        guard count > 0 else { return try await body() }
        try await withChildProcess(helper, arguments: ["work", path]) { _ in
            try await withWorkers(count - 1, on: path, body)
        }
    }

    @Test func `what was claimed ahead goes back when a service group shuts down, and costs no attempt`() async throws {
        try await withJobs { jobs, _ in
            let (started, mayEnd) = (TestSignal(), TestSignal())
            try await jobs.enqueue(contentsOf: (0..<400).map { _ in Note() })
            let long = try await jobs.enqueue(OnceOnly())
            let after = try await jobs.enqueue(contentsOf: (0..<400).map { _ in Note() }).map(\.id)
            let worker = jobs.worker(concurrency: 1) { handlers in
                handlers.handle(Note.self) { _, _ in }
                handlers.handle(OnceOnly.self) { _, _ in
                    started.send()
                    try await mayEnd.wait(within: .seconds(60))
                }
            }
            let group = group(worker)
            let run = Task { try await group.run() }
            try await started.wait()
            await group.triggerGracefulShutdown()
            // On a busy machine what has waited here for long goes back earlier, the long one too, and what came after it runs
            // first.
            for id in after {
                let job = try await jobs.job(id, reaches: .available, .completed)
                #expect(job.state == .completed || job.attempt == 0)
            }
            mayEnd.send()
            try await run.value
            #expect(try await jobs.job(long)?.state == .completed)
            // Some went back, and none is anywhere else.
            let counts = try await jobs.statistics()
            #expect(counts.count(.available) > 0)
            #expect(counts.count(.available) + counts.count(.completed) == 801)
        }
    }
}
