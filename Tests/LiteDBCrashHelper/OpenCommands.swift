import Foundation
import LiteDB

extension CrashHelper {
    /// open PATH [USER]: opens and closes, as another user if one is given, and says what came of it.
    static func open(_ arguments: [String]) async throws {
        if arguments.count > 1 {
            guard setuid(uid_t(arguments[1])!) == 0 else { return say("not allowed") }
        }
        await tell {
            let database = try await Database.open(at: arguments[0])
            await database.close()
        }
    }

    /// open-with-library PATH LIBRARY: opens and closes before and after the library was loaded.
    static func openWithLibrary(_ arguments: [String]) async throws {
        try await open([arguments[0]])
        guard dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) != nil else { return say("not loaded") }
        try await open([arguments[0]])
    }

    /// open-and-close PATH COUNT: how many descriptors and threads there are before and after COUNT rounds.
    static func openAndClose(_ arguments: [String]) async throws {
        func count(_ folder: String) throws -> Int { try FileManager.default.contentsOfDirectory(atPath: folder).count }
        func round() async throws {
            let database = try await Database.open(at: arguments[0])
            try await database.execute("CREATE TABLE IF NOT EXISTS notes (body TEXT)")
            try await database.write { try $0.execute("INSERT INTO notes (body) VALUES ('x')") }
            _ = try await database.scan { try $0.first("SELECT count(*) FROM notes", as: Int.self) }
            await database.close()
        }
        try await round()  // the first one opens what belongs to the process: inotify, the random source
        try await waitForThreads()
        let descriptors = try count("/proc/self/fd")
        for _ in 0..<Int(arguments[1])! { try await round() }
        try await waitForThreads()
        say("descriptors \(try count("/proc/self/fd") - descriptors)")
        say("threads \(try litedbThreads())")
    }

    /// The threads that closed a database drop what they held just after `close` returned.
    private static func waitForThreads() async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while try litedbThreads() > 0, ContinuousClock.now < deadline { await Task.yield() }
    }

    /// How many of LiteDB's own threads there are.
    private static func litedbThreads() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").filter { thread in
            let name = try? String(contentsOfFile: "/proc/self/task/\(thread)/comm", encoding: .utf8)
            return name?.hasPrefix("litedb-") == true  // nil: it ended meanwhile
        }.count
    }
}
