import CBenchSQLite
import Foundation
import LiteDB
import LiteJobs

/// `jobs.peers.sidekiq.…`: jobs that do nothing, by the queue and by Sidekiq over Redis.
enum SidekiqRow {
    static let benchmark = Benchmark(name: "jobs.peers.sidekiq") { plan in
        let count = plan.isQuick ? 2_000 : 20_000
        let theirs = try Sidekiq.measure(count, rounds: plan.isQuick ? 1 : 3)
        var (enqueued, processed): ([Double], [Double]) = ([], [])
        for _ in theirs {
            let file = try await JobFile(in: plan)
            let start = bench_now()
            for number in 0..<count / 4 { try await file.queue.enqueue(Noop(number: number)) }
            enqueued.append(Double(count / 4) / (Double(bench_now() - start) / 1e9))
            try await file.fill(count)
            let worker = file.queue.worker(concurrency: 64) { handlers in handlers.handle(Noop.self) { _, _ in } }
            let begin = bench_now()
            try await worker.runUntilIdle()
            processed.append(Double(count + count / 4) / (Double(bench_now() - begin) / 1e9))
            await file.database.close()
        }
        let peer = "Sidekiq \(theirs[0].version) with Redis over a Unix socket, without AOF and snapshots: "
        return [
            ResultRow(
                "jobs.peers.sidekiq.processed", unit: "jobs/s", better: .higher, goal: 5,
                Comparison(pairs: zip(processed, theirs).map { ($0, $1.processed) }),
                against: peer
                    + "one process, concurrency 10, log level WARN, from the first job's start to the last's end",
                text: "\(count) jobs that do nothing, already enqueued, one process, concurrency 64, `.full`: durable, "
                    + "which the other's are not; nothing retained"),
            ResultRow(
                "jobs.peers.sidekiq.enqueued", unit: "jobs/s", better: .higher, goal: 1,
                Comparison(pairs: zip(enqueued, theirs).map { ($0, $1.enqueued) }),
                against: peer + "`perform_async`, one thread",
                text: "\(count / 4) jobs enqueued one after the other by 1 task, `.full`: durable, which the other's "
                    + "are not"),
        ]
    }
}

/// Sidekiq, as Debian has it.
private enum Sidekiq {
    struct Rates: Decodable {
        var version: String
        var enqueued: Double
        var processed: Double
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

    /// Enqueues a quarter one by one and the rest in bulk, runs `sidekiq` until all are done, and says what it was.
    private static let measure = """
        require_relative "jobs"
        started = Noop.now
        single = Noop::COUNT / 4
        single.times { |number| Noop.perform_async(number) }
        enqueued = single / (Noop.now - started)
        (single...Noop::COUNT).each_slice(1000) do |numbers|
          Sidekiq::Client.push_bulk("class" => Noop, "args" => numbers.map { |number| [number] })
        end
        processed = IO.popen([ENV.fetch("PEER_SIDEKIQ"), "-r", "./jobs.rb", "-c", "10"], &:read).lines.last.to_f
        puts JSON.generate(version: Sidekiq::VERSION, enqueued: enqueued, processed: processed)
        """

    static func measure(_ count: Int, rounds: Int) throws -> [Rates] {
        try (0..<rounds).map { _ in
            let server = try PeerServer.redis()
            defer { server.stop() }
            let folder = URL(filePath: server.socket).deletingLastPathComponent()
            try Data(jobs.utf8).write(to: folder.appending(path: "jobs.rb"))
            try Data(measure.utf8).write(to: folder.appending(path: "measure.rb"))
            let process = Process()
            process.executableURL = try PeerServer.program("ruby", package: "ruby")
            process.arguments = ["measure.rb"]
            process.currentDirectoryURL = folder
            process.environment = ProcessInfo.processInfo.environment.merging([
                "PEER_SOCKET": server.socket, "PEER_COUNT": "\(count)",
                "PEER_SIDEKIQ": try PeerServer.program("sidekiq", package: "ruby-sidekiq").path,
            ]) { _, new in new }
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let text = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            guard process.terminationStatus == 0, let rates = try? JSONDecoder().decode(Rates.self, from: text),
                rates.processed > 0
            else { throw ChildError(message: "Sidekiq failed: \(String(decoding: text, as: UTF8.self))") }
            return rates
        }
    }
}
