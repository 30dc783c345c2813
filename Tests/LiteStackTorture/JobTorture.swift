import Foundation
import LiteDB
import LiteJobs
import LiteStackTesting
import Logging

/// Kills working processes at random moments while jobs come and go, and looks whether every job was done, its outcome
/// recorded once, and its effects made once.
final class JobTorture {
    private static let workerCount = 3
    private static let longestLifeMilliseconds = 150
    /// So many jobs wait at most, so that the end is not far away.
    private static let backlogCount = 300
    private static let checkInterval = 500

    let folder: String
    private let path: String
    private let killCount: Int
    private let logger: Logger
    private var random: RandomNumbers
    private var enqueued: [JobID] = []
    private var report = JobTortureReport()

    init(killCount: Int, seed: UInt64) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "litestack-torture-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        path = folder + "/jobs.sqlite3"
        self.killCount = killCount
        random = RandomNumbers(seed: seed)
        var logger = Logger(label: "torture")
        logger.logLevel = .error
        self.logger = logger
    }

    func removeFolder() {
        // Left-over files in the temporary folder harm nobody.
        try? FileManager.default.removeItem(atPath: folder)
    }

    func run() async throws -> JobTortureReport {
        let database = try await Database.open(at: path, logger: logger)
        let jobs = try await JobQueue(database, configuration: JobTortureJobs.configuration, logger: logger)
        try await database.write { transaction in try transaction.executeScript(JobTortureJobs.tables) }
        while report.killCount < killCount, report.isGood {
            try await killSome(jobs)
            try await finish(jobs)
            try await check(database)
        }
        await database.close()
        return report
    }

    /// Kills processes while jobs come, each replaced by a new one.
    private func killSome(_ jobs: JobQueue) async throws {
        let end = min(report.killCount + Self.checkInterval, killCount)
        try await withThrowingTaskGroup(of: Int.self) { group in
            let share = (end - report.killCount + Self.workerCount - 1) / Self.workerCount
            for _ in 0..<Self.workerCount {
                let (path, seed) = (path, random.next())
                group.addTask { try await Self.killInTurn(share, path, seed) }
            }
            let producer = Task { [seed = random.next()] in try await Self.produce(jobs, seed) }
            for try await count in group { report.killCount += count }
            producer.cancel()
            enqueued += try await producer.value
        }
    }

    private static func killInTurn(_ count: Int, _ path: String, _ seed: UInt64) async throws -> Int {
        var random = RandomNumbers(seed: seed)
        for _ in 0..<count {
            let (childSeed, life) = (random.next() >> 1, Int.random(in: 0...longestLifeMilliseconds, using: &random))
            let program = CommandLine.arguments[0]
            try await withChildProcess(program, arguments: ["jobs-work", path, "\(childSeed)"]) { child in
                // Sometimes before it has begun to work.
                if life % 10 != 0 { _ = try await child.line("a worker that is ready") { $0 == "ready" } }
                try await Task.sleep(for: .milliseconds(life))
                child.send(.kill)
                let exit = try await child.waitForExit()
                guard exit == .signaled(SIGKILL) else {
                    throw TortureFailure("A worker ended by itself (\(exit)): \(child.lines.suffix(3))")
                }
            }
        }
        return count
    }

    /// Enqueues until it is cancelled; the jobs whose enqueueing returned.
    private static func produce(_ jobs: JobQueue, _ seed: UInt64) async throws -> [JobID] {
        var random = RandomNumbers(seed: seed)
        var ids: [JobID] = []
        while !Task.isCancelled {
            do {
                let transfer = Transfer(
                    amount: Int.random(in: 1...100, using: &random),
                    followerCount: Int.random(in: 0...2, using: &random))
                ids.append(try await jobs.enqueue(transfer).id)
                let chores = (0..<Int.random(in: 1...5, using: &random)).map { Chore(amount: $0) }
                ids += try await jobs.enqueue(contentsOf: chores).map(\.id)
                while try await jobs.statistics().count(.available) > backlogCount {
                    try await Task.sleep(for: .milliseconds(5))
                }
                try await Task.sleep(for: .milliseconds(2))
            } catch is CancellationError {
                break
            }
        }
        return ids
    }

    /// Lets one worker, which nobody kills, do what is left.
    private func finish(_ jobs: JobQueue) async throws {
        let arguments = ["jobs-work", path, "\(random.next() >> 1)"]
        try await withChildProcess(CommandLine.arguments[0], arguments: arguments) { child in
            try await eventually("all jobs are finished", within: .seconds(120)) {
                try await jobs.statistics().counts.allSatisfy { $0.state.isFinal }
            }
            child.send(.kill)
            _ = try await child.waitForExit()
        }
    }

    private func check(_ database: Database) async throws {
        let enqueued = Set(enqueued.map(\.rawValue))
        self.enqueued = []
        let found = try database.read { snapshot in try JobTortureReport(of: enqueued, in: snapshot) }
        report.add(found)
        // What was found right is taken out, so that the file stays small.
        try await database.write { transaction in
            for table in ["effects", "steps", "outcomes", "lite_jobs"] {
                try transaction.execute("DELETE FROM \(identifier: table)")
            }
        }
    }
}
