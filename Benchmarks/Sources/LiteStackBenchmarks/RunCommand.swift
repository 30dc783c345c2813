import ArgumentParser
import Foundation

/// Runs suites, prints their table, and writes it as JSON if asked.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs suites and prints a table.")

    @Argument(help: "Suites, or the beginning of rows' names: `db`, `db.write`.")
    var suites: [String] = ["db"]

    @Option(help: "Write the rows to this file as JSON.")
    var json: String?

    @Option(help: "Where the measured files lie. It must be on a disk: on tmpfs a durable write costs nothing.")
    var folder = NSTemporaryDirectory()

    @Flag(help: "Short rounds: a smoke test, whose figures mean little.")
    var quick = false

    @Flag(help: "Add the rows against Redis, memcached and Sidekiq, as far as they are installed: `cache.peers`.")
    var peers = false

    func run() async throws {
        let all = Benchmark.all + (peers ? Benchmark.peers : [])
        let chosen = all.filter { benchmark in suites.contains { benchmark.isPart(of: $0) } }
        guard !chosen.isEmpty else { throw ValidationError("no row belongs to \(suites.joined(separator: ", "))") }
        let plan = try Plan(isQuick: quick, parent: URL(filePath: folder))
        defer { plan.removeFolder() }
        var rows: [ResultRow] = []
        for benchmark in chosen {
            FileHandle.standardError.write(Data("\(benchmark.name) …\n".utf8))
            do {
                rows += try await benchmark.run(plan)
            } catch let missing as MissingProgram {
                missing.report()
            }
        }
        print(ResultTable(rows: rows).text)
        if let json { try JSONRows(rows: rows).data().write(to: URL(filePath: json)) }
    }
}
