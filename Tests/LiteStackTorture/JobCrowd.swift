import Foundation
import LiteDB
import LiteJobs
import LiteStackTesting
import Logging

/// Eight processes that enqueue and work on one file: no `.busy` may surface, and everything must be done.
enum JobCrowd {
    static func run(seconds: Double, seed: UInt64) async throws -> (text: String, isGood: Bool) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "litestack-crowd-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Left-over files in the temporary folder harm nobody.
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/jobs.sqlite3"
        var logger = Logger(label: "torture")
        logger.logLevel = .error
        let database = try await Database.open(at: path, logger: logger)
        let jobs = try await JobQueue(database, configuration: JobTortureJobs.configuration, logger: logger)
        try await database.write { transaction in try transaction.executeScript(JobTortureJobs.tables) }
        let busyCount = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<8 {
                group.addTask { try await work(path, seed &+ UInt64(number), seconds) }
            }
            return try await group.reduce(0, +)
        }
        let walBytes = try database.statistics().walBytes
        let worker = jobs.worker { handlers in
            handlers.handle(Transfer.self) { job, context in
                try await context.complete { transaction in
                    try transaction.execute(
                        "INSERT INTO effects (job, amount) VALUES (\(context.id.rawValue), \(job.amount))")
                    for _ in 0..<job.followerCount {
                        try jobs.enqueue(Transfer(amount: job.amount, followerCount: 0), in: transaction)
                    }
                }
            }
            handlers.handle(Chore.self) { _, context in
                try await context.transaction("step") { transaction in
                    try transaction.execute("INSERT INTO steps (job) VALUES (\(context.id.rawValue))")
                }
            }
        }
        try await eventually("the rest is done", within: .seconds(60)) {
            try await worker.runUntilIdle()
            return try await jobs.statistics().counts.allSatisfy { $0.state.isFinal }
        }
        let report = try database.read { snapshot in try JobTortureReport(of: [], in: snapshot) }
        await database.close()
        let text =
            "8 processes for \(Int(seconds)) s: \(report.jobCount) jobs, \(busyCount) busy errors, WAL \(walBytes >> 10) KiB "
            + "at the end, \(report.lostCount) lost, \(report.doubleCount) recorded twice, \(report.wrongEffectCount) wrong "
            + "effects, integrity \(report.integrity)"
        return (text, report.isGood && report.jobCount > 0 && busyCount == 0 && walBytes < 64 << 20)
    }

    private static func work(_ path: String, _ seed: UInt64, _ seconds: Double) async throws -> Int {
        let arguments = ["jobs-work", path, "\(seed)", "\(seconds)"]
        return try await withChildProcess(CommandLine.arguments[0], arguments: arguments) { child in
            let exit = try await child.waitForExit(within: .seconds(seconds + 60))
            let line = child.lines.first { $0.hasPrefix(JobTortureWorker.answer) }
            guard exit == .exited(0), let count = line.flatMap({ Int($0.dropFirst(JobTortureWorker.answer.count)) })
            else { throw TortureFailure("A worker failed (\(exit)): \(child.lines.suffix(3))") }
            return count
        }
    }
}
