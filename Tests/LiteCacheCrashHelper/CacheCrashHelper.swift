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
                Data(
                    "usage: fetch|hang|fail|set|delete|clear|invalidate|count|fill|deploy|read PATH KEY [NUMBER]\n".utf8
                ))
            exit(64)
        }
        var configuration = Cache.Configuration()
        if arguments[0] == "fill" { configuration.maximumBytes = 100_000 }
        if arguments[0] == "hang" { configuration.computationTimeout = .seconds(3_600) }
        let cache = try await Cache.open(at: arguments[1], configuration: configuration)
        let (key, number) = (arguments[2], arguments.count > 3 ? Int(arguments[3]) ?? 0 : 0)
        switch arguments[0] {
        case "fetch", "hang": await fetch(key, fails: false, cache)
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
        case "fill":
            say("filling")
            try await fill(key, cache)
        case "deploy": try await goOn(key, cache)
        default:
            say("found \(try await cache.get(key, as: Int.self) ?? -1)")
            _ = readLine()
            say("found \(try await cache.get(key, as: Int.self) ?? -1)")
        }
        await cache.close()
    }

    /// Changes entries until it is killed, in a budget that is full most of the time.
    private static func fill(_ key: String, _ cache: Cache) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    var turn = task
                    while true {
                        turn += 1
                        let bytes = [UInt8](repeating: 1, count: Int.random(in: 0..<800))
                        try await cache.set(
                            "\(key) \(Int.random(in: 0..<400))", bytes, expiresIn: .milliseconds(turn % 500))
                        if turn % 7 == 0 { try await cache.delete("\(key) \(Int.random(in: 0..<400))") }
                        if turn % 11 == 0 { try await cache.setMany(["\(key) a": bytes, "\(key) b": bytes]) }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Reads and counts until the file cannot be used any more, and then does without.
    private static func goOn(_ key: String, _ cache: Cache) async throws {
        var last: Int?
        while true {
            let value = try await cache.get(key, as: Int.self) ?? -1
            if value != last { say("value \(value)") }
            last = value
            do {
                try await cache.increment("turns of the old release")
            } catch let error as CacheError where error.code == .degraded {
                break
            }
            try await Task.sleep(for: .milliseconds(5))  // the pace of the old release
        }
        let computed = try await cache.fetch(key) { 7 }
        let found = try await cache.get(key, as: Int.self)
        say("degraded \(cache.isDegraded) \(computed) \(found ?? -1)")
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
