import ArgumentParser
import CBenchSQLite
import Foundation
import LiteDB
import LiteJobs

/// Runs jobs in another process.
///
/// `starts` answers when each began, `idle SECONDS` how much CPU the process used meanwhile. With `--holds` a job never
/// ends, and a line tells that it has begun.
struct JobWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "job-worker", shouldDisplay: false)

    @Argument var path: String
    @Flag var holds = false
    @Option var queue = "default"

    func run() async throws {
        let database = try await Database.open(at: path)
        let jobs = try await JobQueue(database, configuration: .forgetting)
        let starts = Starts()
        let worker = jobs.worker(queues: [WorkerQueue(queue)]) { [holds] handlers in
            handlers.handle(Noop.self) { job, _ in
                starts.note(job.number)
                guard holds else { return }
                ParentLines.say("begun")
                try await Task.sleep(for: .seconds(3_600))  // a job that runs until its process is killed
            }
        }
        let run = Task { try await worker.run() }
        try await Task.sleep(for: .milliseconds(50))  // started before its idleness is measured
        ParentLines.say("ready")
        while let line = await nextLine() {
            let words = line.split(separator: " ")
            if words.first == "idle", let seconds = words.last.flatMap({ Double($0) }) {
                let before = bench_cpu_time()
                try await Task.sleep(for: .seconds(seconds))  // the time over which its processor time is taken
                try ParentLines.answer(Double(bench_cpu_time() - before) / 1e9 / seconds * 100)
            } else {
                try ParentLines.answer(starts.all.map { [UInt64($0.key), $0.value] })
            }
        }
        run.cancel()
        try await run.value
        await database.close()
    }

    /// Reads on a thread of its own: a blocked read would hold one of the threads that the wake-ups need.
    private func nextLine() async -> String? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: ParentLines.next()) }
        }
    }
}
