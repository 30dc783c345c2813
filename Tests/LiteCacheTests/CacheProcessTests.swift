import Foundation
import LiteCache
import LiteStackTesting
import Testing

/// Several processes on one file.
@Suite(.timeLimit(.minutes(5))) struct CacheProcessTests {
    private let helper = ChildProcess.builtExecutable("LiteCacheCrashHelper")

    private func withFile(_ body: (Cache, _ path: String) async throws -> Void) async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            let cache = try await Cache.open(at: path)
            try await body(cache, path)
            await cache.close()
        }
    }

    /// Waits until so many processes compute or wait: each shows it by a file.
    private func waitForComputers(_ count: Int, besides path: String) async throws {
        let folder = URL(filePath: path).deletingLastPathComponent().appending(path: "run").path
        try await eventually("\(count) processes compute or wait") {
            try FileManager.default.contentsOfDirectory(atPath: folder).count { $0.hasSuffix(".process") } == count
        }
    }

    @Test func `of several processes one computes, and all get its value`() async throws {
        try await withFile { cache, path in
            try await withChildProcess(helper, arguments: ["fetch", path, "key"]) { first in
                _ = try await first.line { $0 == "computing" }
                try await withChildProcess(helper, arguments: ["fetch", path, "key"]) { second in
                    async let mine = cache.fetch("key") { -1 }
                    try await waitForComputers(3, besides: path)
                    try await cache.set("go", 1)
                    let got = try await second.line { $0.hasPrefix("got") }
                    #expect(got == "got \(first.processIdentifier)")
                    #expect(!second.lines.contains("computing"))
                    let value = try await mine
                    #expect(value == Int(first.processIdentifier))
                }
            }
        }
    }

    @Test func `a computing process that is killed is replaced at once`() async throws {
        try await withFile { cache, path in
            try await withChildProcess(helper, arguments: ["fetch", path, "key"]) { first in
                _ = try await first.line { $0 == "computing" }
                let waiting = Task { try await cache.fetch("key") { -1 } }
                try await waitForComputers(2, besides: path)
                let clock = ContinuousClock()
                let killed = clock.now
                first.send(.kill)
                #expect(try await waiting.value == -1)
                #expect(clock.now - killed < .seconds(15))
            }
        }
    }

    @Test func `the computation of a process that was dead before is taken over`() async throws {
        try await withFile { cache, path in
            try await withChildProcess(helper, arguments: ["fetch", path, "key"]) { first in
                _ = try await first.line { $0 == "computing" }
                first.send(.kill)
                try await first.waitForExit()
                let clock = ContinuousClock()
                let start = clock.now
                let value = try await cache.fetch("key") { -1 }
                #expect(value == -1)
                #expect(clock.now - start < .seconds(15))
            }
        }
    }

    @Test func `a failure reaches who waits in another process, and the next call computes`() async throws {
        try await withFile { cache, path in
            try await withChildProcess(helper, arguments: ["fail", path, "key"]) { first in
                _ = try await first.line { $0 == "computing" }
                let waiting = Task { try await cache.fetch("key") { -1 } }
                try await waitForComputers(2, besides: path)
                try await cache.set("go", 1)
                await #expect { try await waiting.value } throws: { ($0 as? CacheError)?.code == .computationFailed }
                _ = try await first.line { $0 == "failed Broken()" }
                let value = try await cache.fetch("key") { -2 }
                #expect(value == -2)
            }
        }
    }

    @Test func `a change by another process is seen by the next read, out of memory too`() async throws {
        try await withFile { cache, path in
            try await cache.set("key", 0)
            for number in 1...3 {
                #expect(try await cache.get("key") == number - 1)
                try await withChildProcess(helper, arguments: ["set", path, "key", "\(number)"]) { child in
                    _ = try await child.line { $0 == "set" }
                    #expect(try await cache.get("key") == number)
                }
            }
        }
    }

    @Test func `while another process writes, no read goes back`() async throws {
        try await withFile { cache, path in
            try await withChildProcess(helper, arguments: ["count", path, "key", "3000"]) { child in
                var last = 0
                try await cache.set("untouched", 7)
                while child.exit == nil {
                    let found = try await cache.get("key", as: Int.self) ?? 0
                    #expect(found >= last)
                    last = found
                    #expect(try await cache.get("untouched") == 7)
                    await Task.yield()
                }
                #expect(try await cache.get("key") == 3000)
            }
        }
    }

    @Test func `while other processes write, reads of untouched entries are answered from memory`() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            var configuration = Cache.Configuration()
            configuration.memoryStripeCount = 1
            let cache = try await Cache.open(at: path, configuration: configuration)
            let still = cache.namespace("still")
            for number in 0..<50 { try await still.set("\(number)", number) }
            try await withChildProcess(helper, arguments: ["count", path, "one", "2000"]) { one in
                try await withChildProcess(helper, arguments: ["count", path, "two", "2000"]) { two in
                    var (reads, last) = (0, [0, 0])
                    while one.exit == nil || two.exit == nil {
                        #expect(try await still.get("\(reads % 50)") == reads % 50)
                        reads += 1
                        let found = [
                            try await cache.get("one", as: Int.self) ?? 0,
                            try await cache.get("two", as: Int.self) ?? 0,
                        ]
                        #expect(found[0] >= last[0] && found[1] >= last[1])
                        last = found
                        await Task.yield()
                    }
                    let activity = try await still.namespaceStatistics().activity
                    #expect(activity.misses == 0)
                    #expect(activity.memoryHits + activity.diskHits == reads)
                    // Less than 65,536 changes behind nothing that was left alone is dropped, and a commit that comes while
                    // the log is being read sends nobody to the file.
                    #expect(activity.diskHits == 0)
                    #expect(try await cache.get("one") == 2000)
                    #expect(try await cache.get("two") == 2000)
                }
            }
            await cache.close()
        }
    }

    @Test func `after kills of processes that write, the ledger agrees with the entries and the budget`() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            let cache = try await Cache.open(at: path)
            for round in 1...4 {
                try await withChildProcess(helper, arguments: ["fill", path, "key"]) { child in
                    _ = try await child.line { $0 == "filling" }
                    let start = try await cache.entry("key a", as: [UInt8].self)?.version
                    try await eventually("it has written in round \(round)", within: .seconds(30)) {
                        let now = try await cache.entry("key a", as: [UInt8].self)?.version
                        return now != start && now != nil
                    }
                    child.send(.kill)
                    try await child.waitForExit()
                }
                let sums = try await cache.sums()
                #expect(sums.ledger == sums.entries)
                #expect(sums.ledger[0] <= 100_000 && sums.ledger[1] > 0)
                #expect(sums.entries[1] == sums.placeCount)
            }
            await cache.close()
        }
    }
}
