import Foundation
import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCache

/// What other processes, the clock and the eviction do while something is computed.
@Suite(.timeLimit(.minutes(5))) struct CacheMeanwhileTests {
    private let helper = ChildProcess.builtExecutable("LiteCacheCrashHelper")

    @Test(arguments: ["delete", "clear", "invalidate"])
    func `a change by another process overtakes the computation here`(command: String) async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            let cache = try await Cache.open(at: path)
            let (started, mayEnd) = (TestSignal(), TestSignal())
            async let value = cache.fetch("key", tags: ["tag"]) {
                started.send()
                try await mayEnd.wait()
                return 1
            }
            try await started.wait()
            try await withChildProcess(helper, arguments: [command, path, command == "invalidate" ? "tag" : "key"]) {
                _ = try await $0.line { $0 == "done" }
            }
            let newer = try await cache.fetch("key", tags: ["tag"]) { 2 }
            #expect(newer == 2)
            mayEnd.send()
            #expect(try await value == 1)
            #expect(try await cache.get("key") == 2)
            await cache.close()
        }
    }

    @Test func `past its deadline the computation of a process that hangs is taken over`() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            try await withChildProcess(helper, arguments: ["hang", path, "key"]) { hanging in
                _ = try await hanging.line { $0 == "computing" }
                var configuration = Cache.Configuration()
                // For this one more time has passed than the computation may take, which by the other's clock is an hour.
                configuration.now = { Date() + 4_000 }
                let cache = try await Cache.open(at: path, configuration: configuration)
                let value = try await cache.fetch("key") { -1 }
                #expect(value == -1)
                #expect(try await cache.get("key") == -1)
                #expect(hanging.exit == nil)
                // What it gives now comes too late.
                try await cache.set("go", 1)
                _ = try await hanging.line { $0.hasPrefix("got") }
                #expect(try await cache.get("key") == -1)
                await cache.close()
            }
        }
    }

    @Test func `a clock that is set back while something is computed spoils nothing`() async throws {
        let wall = TestWall()
        var configuration = Cache.Configuration()
        configuration.now = wall.now
        let (started, mayEnd) = (TestSignal(), TestSignal())
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            let one = try await Cache.open(at: path, configuration: configuration)
            let two = try await Cache.open(at: path, configuration: configuration)
            async let first = one.fetch("key", expiresIn: .seconds(10)) {
                started.send()
                try await mayEnd.wait()
                return 1
            }
            try await started.wait()
            wall.advance(by: .seconds(-600))
            async let second = two.fetch("key") { 2 }
            try await eventually("it waits") { two.core.flights.waiterCount == 1 }
            mayEnd.send()
            #expect(try await first == 1)
            #expect(try await second == 1)
            #expect(try await one.get("key") == 1)
            wall.advance(by: .seconds(10))
            #expect(try await one.get("key", as: Int.self) == nil)
            await one.close()
            await two.close()
        }
    }

    @Test func `an entry that makes room while it is computed anew does not cost the result`() async throws {
        let wall = TestWall()
        var small = configuration(maximumBytes: 20_000)
        small.now = wall.now
        try await withCache(small) { cache in
            try await cache.set("key", 1, expiresIn: .seconds(10))
            wall.advance(by: .seconds(20))
            let (started, mayEnd) = (TestSignal(), TestSignal())
            async let value = cache.fetch("key") {
                started.send()
                try await mayEnd.wait()
                return 2
            }
            try await started.wait()
            for number in 0..<60 { try await cache.set("key \(number)", [UInt8](repeating: 1, count: 300)) }
            #expect(try await cache.statistics().activity.expirations == 1)
            mayEnd.send()
            #expect(try await value == 2)
            #expect(try await cache.get("key") == 2)
        }
    }

    @Test func `proofs of life that are made at the same time all hold`() async throws {
        try await withTemporaryDirectory { folder in
            let marks = try await withThrowingTaskGroup(of: ProcessMark.self) { group in
                for _ in 0..<200 { group.addTask { try ProcessMark(in: folder) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(marks.allSatisfy { !ProcessMark.isDead($0.name, in: folder) })
            // A newcomer removes the files of the dead, and no others.
            let late = try ProcessMark(in: folder)
            #expect((marks + [late]).allSatisfy { !ProcessMark.isDead($0.name, in: folder) })
        }
    }
}
