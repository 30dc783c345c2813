import ArgumentParser
import CBenchSQLite
import LiteCable
import LiteDB

/// Subscribes a hundred times, and answers how much CPU the process used while nothing was published.
struct CableIdleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "cable-idle", shouldDisplay: false)

    @Argument var path: String
    @Argument var seconds: Int

    func run() async throws {
        let database = try await Database.open(at: path)
        let cable = try await Cable(database)
        var listening: [Task<Void, any Error>] = []
        for number in 0..<100 {
            let subscription = try await cable.subscribe(to: "idle.\(number)")
            listening.append(Task { for try await _ in subscription {} })
        }
        try await Task.sleep(for: .seconds(3))  // after two quiet seconds a process counts as idle
        let before = bench_cpu_time()
        try await Task.sleep(for: .seconds(seconds))  // the time over which its processor time is taken
        try ParentLines.answer(Double(bench_cpu_time() - before) / 1e9 / Double(seconds) * 100)
        await database.close()
        for task in listening { try await task.value }
    }
}
