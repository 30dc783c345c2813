#if Hummingbird
import HTTPTypes
import Hummingbird
import LiteCache
import LiteStack
import LiteStackHummingbird
import LiteStackTesting
import NIOCore
import NIOHTTP1
import Testing

@Suite(.timeLimit(.minutes(5))) struct ResponseCacheStreamTests {
    /// What is stored, or that nothing is; no handler runs for it.
    private func stored(_ site: CachedSite, _ path: String = "/page") async throws -> String {
        try await site.get(path, [("Cache-Control", "only-if-cached")])
    }

    @Test func `a stream reaches its client as it is written, and then all others from the cache`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            let release = TestSignal()
            site.handler.stream { writer, run in
                try await writer.write(ByteBuffer(string: "begin\n"))
                try await release.wait()
                try await writer.write(contentsOf: ["of ", "run "].map { ByteBuffer(string: $0) })
                try await writer.write(ByteBuffer(string: "\(run)\n"))
                try await writer.finish(nil)
            }
            let lines = try await site.http.lines("/page") { head, lines in
                #expect(head.headers["X-Cache"] == ["MISS"])
                let first = try await lines.next()
                site.wall.advance(by: 5)
                release.send()
                return [first, try await lines.next(), try await lines.next()]
            }
            #expect(lines == ["begin", "of run 1", nil])
            try await site.streamEnded.wait()
            let hit = try await site.http.send(.GET, "/page")
            #expect(hit.body == "begin\nof run 1\n")
            #expect(hit.headers["X-Cache"] == ["HIT"])
            #expect(hit.headers["Content-Length"] == ["15"])
            // It is as old as its header.
            #expect(hit.headers["Age"] == ["5"])
            let tag = try #require(hit.headers["ETag"].first)
            #expect(try await site.http.send(.GET, "/page", headers: [("If-None-Match", tag)]).status == 304)
            site.wall.advance(by: 54)
            #expect(try await site.get().hasPrefix("200 HIT"))
            site.wall.advance(by: 1)
            #expect(try await site.get().hasPrefix("200 MISS"))
            #expect(site.handler.runs == 2)
        }
    }

    @Test func `two streams at once do not wait for one another, and the first to end is stored`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            let (started, release) = (TestSignal(), TestSignal())
            site.handler.stream { writer, run in
                started.send()
                if run == 1 { try await release.wait() }
                try await writer.write(ByteBuffer(string: "run \(run)"))
                try await writer.finish(nil)
            }
            async let first = site.get()
            try await started.wait()
            #expect(try await site.get() == "200 PASS run 2")
            try await site.streamEnded.wait()
            #expect(try await site.get() == "200 HIT run 2")
            release.send()
            #expect(try await first == "200 MISS run 1")
            try await site.streamEnded.wait(count: 2)
            #expect(try await site.get() == "200 HIT run 2")
        }
    }

    @Test func `a stream that nobody waits for is stored up to the limit when a stale one is refreshed`() async throws {
        try await withCachedSite(maximumBodyBytes: 5) { (site: CachedSite) async throws in
            site.handler.stream([.cacheControl: "public, s-maxage=10, stale-while-revalidate=30"]) { writer, run in
                try await writer.write(ByteBuffer(string: run == 3 ? "run 33" : "run \(run)"))
                try await writer.finish(nil)
            }
            #expect(try await site.get() == "200 MISS run 1")
            try await site.streamEnded.wait()
            site.wall.advance(by: 15)
            #expect(try await site.get() == "200 STALE run 1")
            try await eventually("it is refreshed") { try await stored(site) == "200 HIT run 2" }
            site.wall.advance(by: 15)
            #expect(try await site.get() == "200 STALE run 2")
            // It is too large: from then on each request has its own.
            try await eventually("it was looked at") { try await site.get().hasPrefix("200 PASS run") }
            #expect(site.handler.runs == 4)
        }
    }

    @Test(arguments: ["private", "public, max-age=60, no-store"])
    func `a stream that may not be stored is not`(control: String) async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.stream([.cacheControl: control]) { writer, run in
                try await writer.write(ByteBuffer(string: "run \(run)"))
                try await writer.finish(nil)
            }
            for run in 1...3 {
                #expect(try await site.get().hasSuffix("run \(run)"))
                try await site.streamEnded.wait(count: run)
            }
        }
    }

    @Test func `a stream that ends with trailers or outlives its mark is not stored`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.stream { writer, run in
                try await writer.write(ByteBuffer(string: "run \(run)"))
                try await writer.finish(run == 1 ? [HTTPField.Name("X-Sum")!: "1"] : nil)
            }
            #expect(try await site.get() == "200 MISS run 1")
            try await site.streamEnded.wait()
            #expect(try await stored(site).hasPrefix("504"))
            site.handler.stream { writer, run in
                try await writer.write(ByteBuffer(string: "run "))
                site.wall.advance(by: 10)
                try await writer.write(ByteBuffer(string: "\(run)"))
                try await writer.finish(nil)
            }
            for (run, status) in [(2, "PASS"), (3, "MISS")] {
                #expect(try await site.get() == "200 \(status) run \(run)")
                try await site.streamEnded.wait(count: run)
                #expect(try await stored(site).hasPrefix("504"))
            }
        }
    }

    @Test func `HEAD of a stream stores nothing, and does not keep the next GET from it`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.stream { writer, run in
                try await writer.write(ByteBuffer(string: "run \(run)"))
                try await writer.finish(nil)
            }
            let head = try await site.http.send(.HEAD, "/page")
            #expect(head.headers["X-Cache"] == ["MISS"])
            #expect(head.bytes.isEmpty)
            #expect(try await stored(site).hasPrefix("504"))
            #expect(try await site.get() == "200 PASS run 2")
            try await site.streamEnded.wait()
            #expect(try await site.get() == "200 HIT run 2")
        }
    }
}
#endif
