#if Hummingbird && Tokens
import Foundation
import LiteStackTesting
import NIOHTTP1
import Testing

/// Two server processes on one folder, behind one cache of responses.
@Suite(.timeLimit(.minutes(5))) struct ResponseCacheProcessTests {
    private struct Server {
        let process: ChildProcess
        let http: HTTPConnection
        let folder: String

        /// Asks for the page, and says of the answer: status, `X-Cache`, body.
        func get() async throws -> String {
            // The host is a part of the key: by their ports the two would be two sites.
            let answer = try await http.send(.GET, "/page", headers: [("Host", "site.example")])
            return "\(answer.status) \(answer.headers["X-Cache"].first ?? "-") \(answer.body)"
        }

        var hasRun: Bool { process.lines.contains("running") }
    }

    private func withServer(_ folder: String, _ body: (Server) async throws -> Void) async throws {
        let program = ChildProcess.builtExecutable("LiteStackSocketServer")
        try await withChildProcess(program, arguments: ["--folder", folder]) { process in
            let line = try await process.line("It listens", within: .seconds(60)) { $0.hasPrefix("open ") }
            let port = try #require(Int(line.dropFirst("open ".count)))
            try await body(Server(process: process, http: HTTPConnection(port: port), folder: folder))
        }
    }

    /// Two servers, of which the first runs its handler for one request while another asks the second.
    private func withTwoColdRequests(
        _ body: (_ one: Server, _ first: Task<String, any Error>, _ two: Server, _ second: Task<String, any Error>)
            async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { folder in
            try await withServer(folder) { one in
                try await withServer(folder) { two in
                    let first = Task { try await one.get() }
                    _ = try await one.process.line { $0 == "running" }
                    let second = Task { try await two.get() }
                    try await eventually("the second waits", within: .seconds(30)) {
                        try FileManager.default.contentsOfDirectory(atPath: folder + "/run")
                            .count { $0.hasSuffix(".process") } == 2
                    }
                    try await body(one, first, two, second)
                }
            }
        }
    }

    private func allow(_ server: Server) throws {
        try Data().write(to: URL(filePath: server.folder + "/go"))
    }

    @Test func `of two cold requests in two processes one runs the handler, and both get its answer`() async throws {
        try await withTwoColdRequests { one, first, two, second in
            try allow(one)
            let body = "made by \(one.process.processIdentifier)"
            #expect(try await first.value == "200 MISS \(body)")
            #expect(try await second.value == "200 COLLAPSED \(body)")
            for server in [one, two] { #expect(try await server.get() == "200 HIT \(body)") }
            #expect(!two.hasRun)
            #expect(one.process.lines.count { $0 == "running" } == 1)
        }
    }

    @Test func `if the process is killed whose handler runs, the other runs its own`() async throws {
        try await withTwoColdRequests { one, first, two, second in
            #expect(!two.hasRun)
            one.process.send(.kill)
            // At once, and not when the handler's time of 30 s would be over.
            _ = try await two.process.line("It takes over", within: .seconds(20)) { $0 == "running" }
            try allow(two)
            let body = "made by \(two.process.processIdentifier)"
            #expect(try await second.value == "200 MISS \(body)")
            #expect(try await two.get() == "200 HIT \(body)")
            _ = await first.result
        }
    }
}
#endif
