import LiteStackTesting
import Subprocess
import SystemPackage
import Testing

@testable import AtelierApp

#if canImport(Glibc)
import Glibc
#endif
#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite struct ProcessRunnerTests {
    /// Starts a process of its own, writes both ids down, and waits for ever.
    private let family = "sleep 1000 & echo $$ $! > ids.tmp; mv ids.tmp ids; wait"

    @Test func `a program's end and the beginning of its errors are told`() async throws {
        try await withTemporaryDirectory { folder in
            let outcome = try await run("echo no >&2; exit 7", in: folder, timeout: .seconds(30))
            #expect(outcome == ProcessRunner.Outcome(end: .exited(7), errorText: "no\n"))
        }
    }

    @Test func `a program has the environment that it is given and no other`() async throws {
        try await withTemporaryDirectory { folder in
            let outcome = try await run("env >&2", in: folder, timeout: .seconds(30))
            let names = Set(outcome.errorText.split(separator: "\n").map { $0.prefix { $0 != "=" } })
            // The shell itself sets the first three.
            #expect(names.subtracting(["PWD", "SHLVL", "_", "OLDPWD"]) == ["GIVEN"])
        }
    }

    @Test func `a program that never stops complaining does not fill the memory, nor wait for a reader`() async throws {
        try await withTemporaryDirectory { folder in
            let outcome = try await run("yes | head -c 20000000 >&2", in: folder, timeout: .seconds(60))
            #expect(outcome.end == .exited(0))
            #expect(outcome.errorText.utf8.count == 2048)
        }
    }

    @Test func `at the timeout the whole process group is killed`() async throws {
        try await withTemporaryDirectory { folder in
            // A busy machine may need longer until the family stands; only then does its end say anything.
            for seconds in [1, 5, 25] where (try? ids(in: folder)) == nil {
                let outcome = try await run(family, in: folder, timeout: .seconds(seconds))
                #expect(outcome.end == .timedOut)
            }
            try await expectNobodyLeft(of: folder)
        }
    }

    @Test func `a cancelled run kills the whole process group`() async throws {
        try await withTemporaryDirectory { folder in
            let running = Task { try await run(family, in: folder, timeout: .seconds(60)) }
            try await eventually("the processes run") { (try? ids(in: folder)) != nil }
            running.cancel()
            await #expect(throws: CancellationError.self) { try await running.value }
            try await expectNobodyLeft(of: folder)
        }
    }

    private func run(_ script: String, in folder: String, timeout: Duration) async throws -> ProcessRunner.Outcome {
        try await ProcessRunner.run(
            "/bin/sh", ["-c", script], environment: ["GIVEN": "1"], in: FilePath(folder), timeout: timeout)
    }

    private func ids(in folder: String) throws -> [Int32] {
        try String(contentsOf: URL(filePath: folder + "/ids"), encoding: .utf8)
            .split(whereSeparator: \.isWhitespace).compactMap { Int32($0) }
    }

    /// A killed grandchild is a zombie until init collects it: that counts as gone.
    private func expectNobodyLeft(of folder: String) async throws {
        let ids = try ids(in: folder)
        try #require(ids.count == 2)
        for id in ids {
            try await eventually("process \(id) is gone") {
                guard let status = try? String(contentsOf: URL(filePath: "/proc/\(id)/stat"), encoding: .utf8) else {
                    return true
                }
                return status.contains(") Z ")
            }
        }
    }
}
