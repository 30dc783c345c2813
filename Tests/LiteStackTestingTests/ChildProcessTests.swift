import Foundation
import LiteStackTesting
import Testing

struct ChildProcessTests {
    @Test func `lines and status of a program are seen`() async throws {
        try await withChildProcess(
            "/bin/sh", arguments: ["-c", "echo \"$GREETING\"; echo wrong >&2; printf unfinished; exit 3"],
            environment: ["GREETING": "hello"]
        ) { child in
            let exit = try await child.waitForExit()
            #expect(exit == .exited(3))
            #expect(Set(child.lines) == ["hello", "wrong", "unfinished"])
        }
    }

    @Test func `a line can be waited for while the program runs`() async throws {
        try await withChildProcess("/bin/sh", arguments: ["-c", "echo ready; exec sleep 60"]) { child in
            let line = try await child.line { $0.hasPrefix("rea") }
            #expect(line == "ready")
            #expect(child.exit == nil)
        }
    }

    @Test func `a program is killed by its signal, stopped or not`() async throws {
        try await withChildProcess("/bin/sh", arguments: ["-c", "echo ready; exec sleep 60"]) { child in
            _ = try await child.line { $0 == "ready" }
            child.send(.stop)
            child.send(.kill)
            let exit = try await child.waitForExit()
            #expect(exit == .signaled(SIGKILL))
        }
    }

    @Test func `a program is gone after its test`() async throws {
        let child = try await withChildProcess("/bin/sleep", arguments: ["60"]) { $0 }
        let exit = try await child.waitForExit()
        #expect(exit == .signaled(SIGKILL))
    }

    @Test func `waiting for a line fails as soon as the program has ended without it`() async throws {
        try await withChildProcess("/bin/echo", arguments: ["something"]) { child in
            await #expect(throws: TestTimeout.self) { _ = try await child.line { $0 == "else" } }
        }
    }

    @Test func `standard input ends with the pipe, not before`() async throws {
        try await withChildProcess("/bin/sh", arguments: ["-c", "echo ready; read line; echo over"]) { child in
            _ = try await child.line { $0 == "ready" }
            await #expect(throws: TestTimeout.self) {
                _ = try await child.line(within: .milliseconds(50)) { $0 == "over" }
            }
        }
    }

    @Test func `a program that is not there cannot be started`() async throws {
        await #expect(throws: (any Error).self) { try await withChildProcess("/nowhere/program") { _ in } }
    }

    @Test func `the executables of the package are found`() {
        #expect(FileManager.default.isExecutableFile(atPath: ChildProcess.builtExecutable("LiteDBCrashHelper")))
    }
}
