import Foundation
import LiteDB
import LiteJobs
import LiteStackTesting
import Logging

/// Kills and stops working processes at random moments while jobs come, are cancelled and paused, and the disk is full for
/// some seconds now and then, and looks whether every job came to its due end, once, with its effects and followers, and
/// no attempt was miscounted.
final class JobTorture {
    private static let workerCount = 3
    private static let checkInterval = 500
    private static let schedule = "tick"

    let folder: String
    private let path: String
    private let killCount: Int
    private let logger: Logger
    private var random: RandomNumbers
    private var ledger = JobLedger()
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
        let jobs = try await JobQueue(database, logger: logger)
        try await database.write { transaction in try transaction.executeScript(JobTortureJobs.tables) }
        while report.killCount < killCount, report.isGood {
            let schedule = JobSchedule(Self.schedule, "@every 1s", catchUp: .all(max: 10_000), Tick())
            try await TortureDisk.untilThereIsRoom { try await jobs.set(schedule: schedule) }
            try await killSome(jobs, database)
            try await TortureDisk.untilThereIsRoom { try await jobs.remove(schedule: Self.schedule) }
            try await finish(jobs)
            try await check(database)
        }
        await database.close()
        return report
    }

    /// Kills processes while jobs come, each replaced by a new one.
    private func killSome(_ jobs: JobQueue, _ database: Database) async throws {
        let end = min(report.killCount + Self.checkInterval, killCount)
        let share = (end - report.killCount + Self.workerCount - 1) / Self.workerCount
        let killer = JobTortureKiller(path: path, database: database)
        let producer = JobTortureProducer(jobs)
        let disk = TortureDisk(under: path)
        let seeds = (0..<Self.workerCount + 3).map { _ in random.next() }
        async let produced = producer.produce(seeds[0])
        async let disturbed: Void = producer.disturb(seeds[1])
        async let filled = disk.fillNowAndThen(seeds[2]) { producer.isRunning }
        do {
            // So that whatever fails ends the others too.
            defer { producer.stop() }
            let parts = try await withThrowingTaskGroup(of: JobTortureReport.self) { group in
                for seed in seeds.dropFirst(3) { group.addTask { try await killer.kill(share, seed) } }
                return try await group.reduce(into: JobTortureReport()) { $0.add($1) }
            }
            report.add(parts)
        }
        let full = try await filled
        ledger.add(try await produced)
        try await disturbed
        report.fullCount += full.count
        report.fullTime += full.time
        report.refusedCount += full.refusedCount
    }

    /// Lets one worker, which nobody kills, do what is left. Some jobs kill it: then there is another.
    private func finish(_ jobs: JobQueue) async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        func isFinished() async throws -> Bool {
            try await jobs.statistics().counts.allSatisfy { $0.state.isFinal }
        }
        while try await !isFinished() {
            let arguments = ["jobs-work", path, "\(random.next() >> 1)"]
            try await withChildProcess(CommandLine.arguments[0], arguments: arguments) { child in
                while child.exit == nil, try await !isFinished() {
                    guard ContinuousClock.now < deadline else {
                        throw TortureFailure("Jobs do not end: \(try await jobs.statistics().counts)")
                    }
                    try await Task.sleep(for: .milliseconds(20))
                }
                child.send(.kill)
                _ = try await child.waitForExit()
            }
        }
    }

    private func check(_ database: Database) async throws {
        report.add(try database.read { snapshot in try JobTortureReport(ledger, in: snapshot) })
        ledger = JobLedger()
        guard report.isGood else { return }
        // What was found right is taken out, so that the file stays small.
        try await TortureDisk.untilThereIsRoom {
            try await database.write { transaction in
                for table in ["effects", "steps", "outcomes", "lite_jobs"] {
                    try transaction.execute("DELETE FROM \(identifier: table)")
                }
            }
        }
    }
}
