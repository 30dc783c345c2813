import Foundation
import LiteDB
import LiteJobs
import Logging

/// The process that is killed: a worker, which enqueues too.
///
/// `jobs-work PATH SEED [SECONDS]`: works until it is killed, or for so many seconds while it also enqueues, and then
/// tells how many `.busy` errors surfaced and how many jobs it enqueued.
struct JobTortureWorker: Sendable {
    static let answer = "busy errors "

    private let path: String
    private let seed: UInt64
    private let seconds: Double?

    init(arguments: [String]) throws {
        guard arguments.count >= 2, let seed = UInt64(arguments[1]) else {
            throw TortureFailure("usage: torture jobs-work PATH SEED [SECONDS]")
        }
        path = arguments[0]
        self.seed = seed
        seconds = arguments.count > 2 ? Double(arguments[2]) : nil
    }

    func run() async throws {
        var settings = Database.Configuration()
        settings.checkpointFrameCount = 200
        var logger = Logger(label: "torture")
        logger.logLevel = .error
        TortureDisk(under: path).follow()
        let (database, jobs) = try await open(settings, logger)
        let worker = jobs.worker(concurrency: 8) { handlers in
            JobTortureJobs.register(&handlers, jobs) { context in try await pause(context) }
        }
        guard let seconds else {
            endWithParent()
            FileHandle.standardOutput.write(Data("ready\n".utf8))
            return try await worker.run()
        }
        let run = Task { try await worker.run() }
        let (busyCount, enqueuedCount) = try await enqueue(jobs, for: seconds)
        run.cancel()
        try await run.value
        await database.close()
        FileHandle.standardOutput.write(Data("\(Self.answer)\(busyCount), enqueued \(enqueuedCount)\n".utf8))
    }

    /// Opens the queue; tries again while the disk is full, as whoever starts it would.
    private func open(_ settings: Database.Configuration, _ logger: Logger) async throws -> (Database, JobQueue) {
        try await TortureDisk.untilThereIsRoom {
            let database = try await Database.open(at: path, configuration: settings, logger: logger)
            do {
                return (database, try await JobQueue(database, logger: logger))
            } catch {
                await database.close()
                throw error
            }
        }
    }

    private func pause(_ context: JobContext) async throws {
        var random = RandomNumbers(seed: seed &+ UInt64(context.id.rawValue))
        try await Task.sleep(for: .microseconds(Int.random(in: 0...6_000, using: &random)))
    }

    private func enqueue(_ jobs: JobQueue, for seconds: Double) async throws -> (busyCount: Int, count: Int) {
        let end = ContinuousClock.now + .seconds(seconds)
        var random = RandomNumbers(seed: seed)
        var (busyCount, count) = (0, 0)
        // Nobody else gives these.
        let first = Int(getpid()) * 10_000_000
        while ContinuousClock.now < end {
            do {
                let followerCount = Int.random(in: 0...1, using: &random)
                try await jobs.enqueue(Transfer(serial: first + count, amount: 1, followerCount: followerCount))
                count += 1
                let chores = (0..<5).map { [count] in Chore(serial: first + count + $0) }
                count += try await jobs.enqueue(contentsOf: chores).count
            } catch let error as DatabaseError where error.code == .busy {
                busyCount += 1
            }
            try await Task.sleep(for: .milliseconds(Int.random(in: 5...25, using: &random)))
        }
        return (busyCount, count)
    }

    /// Standard input ends when the parent does: then nobody is left to kill this process.
    private func endWithParent() {
        Thread.detachNewThread {
            while readLine() != nil {}
            exit(0)
        }
    }
}
