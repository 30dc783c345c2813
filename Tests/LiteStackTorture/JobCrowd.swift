import Foundation
import LiteDB
import LiteJobs
import LiteStackTesting
import Logging

/// Eight processes that enqueue and work on one file: no `.busy` may surface, and everything must be done, once.
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
        let jobs = try await JobQueue(database, logger: logger)
        try await database.write { transaction in try transaction.executeScript(JobTortureJobs.tables) }
        let (busyCount, enqueuedCount) = try await withThrowingTaskGroup(of: [Int].self) { group in
            for number in 0..<8 {
                group.addTask { try await work(path, seed &+ UInt64(number), seconds) }
            }
            return try await group.reduce((0, 0)) { ($0.0 + $1[0], $0.1 + $1[1]) }
        }
        let walBytes = try database.statistics().walBytes
        let worker = jobs.worker { handlers in
            JobTortureJobs.register(&handlers, jobs) { _ in }
        }
        try await eventually("the rest is done", within: .seconds(60)) {
            try await worker.runUntilIdle()
            return try await jobs.statistics().counts.allSatisfy { $0.state.isFinal }
        }
        var report = try database.read { snapshot in try JobTortureReport(nil, in: snapshot) }
        let rootCount = try database.read { snapshot in try snapshot.all(JobTortureReport.roots, as: Int64.self).count }
        report.faults["lost or never enqueued"] = abs(rootCount - enqueuedCount)
        await database.close()
        let text =
            "8 processes for \(Int(seconds)) s: \(report.jobCount) jobs, \(busyCount) busy errors, WAL \(walBytes >> 10) KiB at the end; "
            + report.faultText
        return (text, report.isGood && report.jobCount > 0 && busyCount == 0 && walBytes < 64 << 20)
    }

    private static func work(_ path: String, _ seed: UInt64, _ seconds: Double) async throws -> [Int] {
        let arguments = ["jobs-work", path, "\(seed)", "\(seconds)"]
        return try await withChildProcess(CommandLine.arguments[0], arguments: arguments) { child in
            let exit = try await child.waitForExit(within: .seconds(seconds + 60))
            let line = child.lines.first { $0.hasPrefix(JobTortureWorker.answer) }
            let counts = line.map { $0.split { !$0.isNumber }.compactMap { Int($0) } } ?? []
            guard exit == .exited(0), counts.count == 2
            else { throw TortureFailure("A worker failed (\(exit)): \(child.lines.suffix(3))") }
            return counts
        }
    }
}
