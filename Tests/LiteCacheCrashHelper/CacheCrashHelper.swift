import Foundation
import LiteCache

/// The other process of the cache's tests: it computes, fails, changes and dies as it is told.
///
/// Each command prints what it does, a line for each step.
@main
enum CacheCrashHelper {
    struct Broken: Error {}

    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count >= 3 else {
            FileHandle.standardError.write(
                Data("usage: fetch|fail|set|delete|clear|invalidate|count|read PATH KEY [NUMBER]\n".utf8))
            exit(64)
        }
        let cache = try await Cache.open(at: arguments[1])
        let (key, number) = (arguments[2], arguments.count > 3 ? Int(arguments[3]) ?? 0 : 0)
        switch arguments[0] {
        case "fetch": await fetch(key, fails: false, cache)
        case "fail": await fetch(key, fails: true, cache)
        case "set":
            try await cache.set(key, number)
            say("set")
        case "delete":
            try await cache.delete(key)
            say("done")
        case "clear":
            try await cache.clear()
            say("done")
        case "invalidate":
            try await cache.invalidate(tag: key)
            say("done")
        case "count":
            for value in 1...number { try await cache.set(key, value) }
            say("counted")
        default:
            say("found \(try await cache.get(key, as: Int.self) ?? -1)")
            _ = readLine()
            say("found \(try await cache.get(key, as: Int.self) ?? -1)")
        }
        await cache.close()
    }

    /// Computes its own process's number, so that it can be told who did, once there is an entry `go`.
    private static func fetch(_ key: String, fails: Bool, _ cache: Cache) async {
        do {
            let value = try await cache.fetch(key) {
                say("computing")
                while try await !cache.exists("go") { try await Task.sleep(for: .milliseconds(20)) }
                if fails { throw Broken() }
                return Int(ProcessInfo.processInfo.processIdentifier)
            }
            say("got \(value)")
        } catch let error as CacheError {
            say("error \(error.code)")
        } catch {
            say("failed \(error)")
        }
    }

    /// Prints a line at once, although the output is a pipe.
    private static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
