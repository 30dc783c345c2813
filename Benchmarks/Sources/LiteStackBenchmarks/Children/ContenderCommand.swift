import ArgumentParser
import CBenchSQLite
import Foundation
import LiteDB

/// Reads and writes one file without pauses, from `go` on for some seconds, and answers what came of it.
struct ContenderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "contender", shouldDisplay: false)
    static let rowCount = 10_000
    static let bodyBytes = 1024

    @Argument var path: String
    @Argument var seconds: Double
    @Argument var seed: UInt64

    struct Report: Codable {
        var readCount = 0
        var writeCount = 0
        var busyCount = 0
        /// The time of each write: nanoseconds, and how often.
        var writes: [[UInt64]] = []
    }

    func run() async throws {
        let database = try await Database.open(at: path)
        ParentLines.say("ready")
        guard ParentLines.next() != nil else { return }
        try ParentLines.answer(try await contend(database))
        _ = ParentLines.next()
        await database.close()
    }

    private func contend(_ database: Database) async throws -> Report {
        var report = Report()
        var latencies = Latencies()
        var random = RandomNumbers(seed: seed)
        var body = (0..<Self.bodyBytes).map { _ in UInt8.random(in: 0...255, using: &random) }
        let end = bench_now() + UInt64(seconds * 1e9)
        while bench_now() < end {
            let id = Int.random(in: 1...Self.rowCount, using: &random)
            do {
                if Int.random(in: 0..<10, using: &random) < 8 {
                    let read = try database.read { snapshot in
                        try snapshot.first("SELECT body FROM bodies WHERE id = \(id)", as: [UInt8].self)
                    }
                    guard read?.count == Self.bodyBytes else { throw WrongResult() }
                    report.readCount += 1
                } else {
                    body[Int.random(in: 0..<Self.bodyBytes, using: &random)] &+= 1
                    let start = bench_now()
                    try await database.write { [body] transaction in
                        try transaction.execute("UPDATE bodies SET body = \(body) WHERE id = \(id)")
                    }
                    latencies.record(since: start)
                    report.writeCount += 1
                }
            } catch let error as DatabaseError where error.code == .busy {
                report.busyCount += 1
            }
        }
        report.writes = latencies.recorded
        return report
    }
}
