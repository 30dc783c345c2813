import ArgumentParser
import LiteCache

/// On `go` fetches one key in many tasks at once, and tells when it computes and when all have the value.
struct CacheFetcherCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "cache-fetcher", shouldDisplay: false)

    @Argument var path: String
    @Argument var milliseconds: Int
    @Argument var callCount: Int

    func run() async throws {
        let cache = try await FilledCache.open(path)
        ParentLines.say("ready")
        guard ParentLines.next() != nil else { return }
        let milliseconds = milliseconds
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<callCount {
                group.addTask {
                    let value = try await cache.fetch("cold") {
                        ParentLines.say("computing")
                        try await Task.sleep(for: .milliseconds(milliseconds))  // the computation of the row
                        return "warm"
                    }
                    guard value == "warm" else { throw WrongResult() }
                }
            }
            try await group.waitForAll()
        }
        ParentLines.say("all have it")
        _ = ParentLines.next()
        await cache.close()
    }
}
