import CBenchSQLite
import Foundation
import LiteDB
import LiteJobs

/// `jobs.peers.sidekiq.…`: jobs that do nothing, by the queue and by Sidekiq over Redis.
enum SidekiqRow {
    static let benchmark = Benchmark(name: "jobs.peers.sidekiq") { plan in
        let count = plan.isQuick ? 2_000 : 20_000
        let theirs = try Sidekiq.measure(count, rounds: plan.isQuick ? 1 : 3)
        let singleCount = count / 10
        var (enqueued, together, normal, processed): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
        for _ in theirs {
            let file = try await JobFile(in: plan)
            enqueued.append(try await enqueuedPerSecond(file, singleCount))
            try await file.fill(count - singleCount)
            let worker = file.queue.worker(concurrency: 64) { handlers in handlers.handle(Noop.self) { _, _ in } }
            let begin = bench_now()
            try await worker.runUntilIdle()
            processed.append(Double(count) / (Double(bench_now() - begin) / 1e9))
            together.append(
                try await SixtyFourTasks.perSecond(plan.roundDuration) { _ in
                    { number in _ = try await file.queue.enqueue(Noop(number: number)) }
                })
            await file.database.close()
            let relaxed = try await JobFile(in: plan, .normal)
            normal.append(try await enqueuedPerSecond(relaxed, singleCount))
            await relaxed.database.close()
        }
        let peer = "Sidekiq \(theirs[0].version) with Redis over a Unix socket, without AOF and snapshots: "
        let enqueues = [
            ("", enqueued, "1 task, `.full`: each durable, which the other's are not"),
            (".64", together, "each of 64 tasks, `.full`: each durable, which the other's are not"),
            (".normal", normal, "1 task, `.normal`: they outlive a killed process; the other's die with Redis"),
        ]
        return [
            ResultRow(
                "jobs.peers.sidekiq.processed", unit: "jobs/s", better: .higher, goal: 5,
                Comparison(pairs: zip(processed, theirs).map { ($0, $1.processed ?? .nan) }),
                against: peer
                    + "one process, concurrency 10, log level WARN, from the first job's start to the last's end",
                text: "\(count) jobs that do nothing, already enqueued, one process, concurrency 64, `.full`: durable, "
                    + "which the other's are not; nothing retained")
        ]
            + enqueues.map { name, figures, text in
                ResultRow(
                    "jobs.peers.sidekiq.enqueued\(name)", unit: "jobs/s", better: .higher, goal: 1,
                    Comparison(pairs: zip(figures, theirs).map { ($0, $1.enqueued) }),
                    against: peer + "`perform_async`, one thread, \(singleCount) jobs",
                    text: "jobs enqueued one after the other by \(text)")
            }
    }

    private static func enqueuedPerSecond(_ file: JobFile, _ count: Int) async throws -> Double {
        let start = bench_now()
        for number in 0..<count { try await file.queue.enqueue(Noop(number: number)) }
        return Double(count) / (Double(bench_now() - start) / 1e9)
    }
}

/// Sidekiq, as Debian has it.
private enum Sidekiq {
    struct Rates: Decodable {
        var version: String
        var enqueued: Double
        /// Known once `sidekiq` has run.
        var processed: Double?
    }

    private static let jobs = """
        require "json"
        require "sidekiq"
        # Its warning at each push would be measured otherwise.
        Redis.silence_deprecations = true if Redis.respond_to?(:silence_deprecations=)
        settings = { url: "unix://" + ENV.fetch("PEER_SOCKET") }
        Sidekiq.configure_client { |config| config.redis = settings }
        Sidekiq.configure_server do |config|
          config.redis = settings
          config.logger.level = Logger::WARN
        end
        class Noop
          include Sidekiq::Worker
          LOCK = Mutex.new
          COUNT = Integer(ENV.fetch("PEER_COUNT"))
          def self.now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
          def perform(number)
            LOCK.synchronize do
              @@start ||= Noop.now
              @@done = (defined?(@@done) ? @@done : 0) + 1
              next if @@done < COUNT
              $stdout.puts((@@done - 1) / (Noop.now - @@start))
              $stdout.flush
              exit!(true)
            end
          end
        end
        """

    /// Enqueues a tenth one by one, which is measured, and the rest in bulk.
    private static let enqueue = """
        require_relative "jobs"
        single = Noop::COUNT / 10
        started = Noop.now
        single.times { |number| Noop.perform_async(number) }
        enqueued = single / (Noop.now - started)
        (single...Noop::COUNT).each_slice(1000) do |numbers|
          Sidekiq::Client.push_bulk("class" => Noop, "args" => numbers.map { |number| [number] })
        end
        puts JSON.generate(version: Sidekiq::VERSION, enqueued: enqueued)
        """

    static func measure(_ count: Int, rounds: Int) throws -> [Rates] {
        let ruby = try PeerProcess.path(of: "ruby", package: "ruby")
        let sidekiq = try PeerProcess.path(of: "sidekiq", package: "ruby-sidekiq")
        return try (0..<rounds).map { _ in
            let server = try PeerServer.redis()
            let jobs = server.folder.appending(path: "jobs.rb")
            let enqueue = server.folder.appending(path: "enqueue.rb")
            try Data(Self.jobs.utf8).write(to: jobs)
            try Data(Self.enqueue.utf8).write(to: enqueue)
            let environment = ["PEER_SOCKET": server.socket, "PEER_COUNT": "\(count)"]
            func output(_ name: String, _ program: String, _ arguments: [String]) throws -> Data {
                let file = server.folder.appending(path: name)
                let process = try PeerProcess(program, arguments, environment: environment, output: file.path)
                try process.finish(within: .seconds(30))
                return try Data(contentsOf: file)
            }
            let said = try output("enqueued", ruby, [enqueue.path])
            var rates = try JSONDecoder().decode(Rates.self, from: said)
            let answer = try output("processed", sidekiq, ["-r", jobs.path, "-c", "10"])
            let lines = String(decoding: answer, as: UTF8.self)
            guard let last = lines.split(separator: "\n").last, let processed = Double(last) else {
                throw ChildError(message: "Sidekiq said \(lines)")
            }
            rates.processed = processed
            return rates
        }
    }
}
