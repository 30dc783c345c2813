#if Hummingbird
import Hummingbird
import LiteCache
import LiteDB
import LiteStack
import LiteStackTesting
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct ResponseCacheFlightTests {
    /// Sends requests at the same time, lets the handler answer once all of them are under way, and gives the answers.
    private func together(_ count: Int, _ site: CachedSite, _ release: TestSignal) async throws -> [String] {
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<count { group.addTask { try await site.get() } }
            try await eventually("the handler runs", within: .seconds(30)) { site.handler.runs > 0 }
            release.send()
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test func `of 100 requests that come cold at the same time one runs the handler`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            let release = TestSignal()
            site.handler.answer { _, run in
                try await release.wait(within: .seconds(60))
                return Response(
                    status: .ok, headers: [.cacheControl: "public, max-age=60"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: "run \(run)")))
            }
            let answers = try await together(100, site, release)
            #expect(site.handler.runs == 1)
            #expect(answers.count == 100 && answers.allSatisfy { $0.hasSuffix(" run 1") })
            #expect(answers.count { $0.contains("MISS") } == 1)
        }
    }

    @Test func `an answer that is not for all reaches only the one that it was made for`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            let release = TestSignal()
            site.handler.answer { _, run in
                try await release.wait(within: .seconds(60))
                return Response(
                    status: .ok, headers: [.cacheControl: "private", .setCookie: "id=\(run)"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: "run \(run)")))
            }
            let answers = try await together(20, site, release)
            #expect(site.handler.runs == 20)
            #expect(Set(answers.map { $0.split(separator: " ").last }).count == 20)
        }
    }

    @Test func `a failure reaches only the one that it happened to`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            let release = TestSignal()
            site.handler.answer { _, run in
                try await release.wait(within: .seconds(60))
                if run == 1 { throw HTTPError(.badGateway) }
                return Response(
                    status: run == 2 ? .internalServerError : .ok, headers: [.cacheControl: "public, max-age=60"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: "run \(run)")))
            }
            let answers = try await together(10, site, release)
            #expect(answers.count { $0.hasPrefix("502") } == 1)
            #expect(answers.count { $0.hasPrefix("500") } == 1)
            #expect(answers.count { $0.hasPrefix("200") } == 8)
        }
    }

    @Test func `a stale response is served at once while one request's handler makes a new one`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.answer([.cacheControl: "public, s-maxage=10, stale-while-revalidate=30"])
            _ = try await site.get()
            let release = TestSignal()
            site.handler.answer { _, run in
                try await release.wait(within: .seconds(60))
                return Response(
                    status: .ok, headers: [.cacheControl: "public, max-age=60"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: "run \(run)")))
            }
            site.wall.advance(by: 39)
            for _ in 0..<5 {
                let stale = try await site.http.send(.GET, "/page")
                #expect(stale.body == "run 1")
                #expect(stale.headers["Age"] == ["39"])
                #expect(stale.headers["X-Cache"] == ["STALE"])
            }
            release.send()
            try await eventually("the new one is there", within: .seconds(30)) {
                try await site.get() == "200 HIT run 2"
            }
            #expect(site.handler.runs == 2)
        }
    }

    @Test func `a stale response is served if the handler fails, for as long as it said`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.answer([.cacheControl: "public, max-age=10, stale-if-error=50"])
            _ = try await site.get()
            site.wall.advance(by: 59)
            site.handler.answer { _, _ in throw HTTPError(.badGateway) }
            #expect(try await site.get() == "200 STALE run 1")
            site.handler.answer([:], status: .serviceUnavailable)
            #expect(try await site.get() == "200 STALE run 1")
            site.wall.advance(by: 1)
            #expect(try await site.get() == "503 MISS run 4")
            site.handler.answer([.cacheControl: "public, max-age=10, stale-if-error=50"])
            #expect(try await site.get() == "200 MISS run 5")
            site.wall.advance(by: 11)
            // It is asked first: only a failure makes a stale one do.
            #expect(try await site.get() == "200 MISS run 6")
        }
    }

    @Test func `what must be revalidated is not served stale`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.answer([
                .cacheControl: "public, max-age=10, must-revalidate, stale-while-revalidate=60, stale-if-error=60"
            ])
            _ = try await site.get()
            site.wall.advance(by: 10)
            #expect(try await site.get() == "200 MISS run 2")
        }
    }

    @Test func `without a usable cache every request is answered by its handler`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.answer([.cacheControl: "public, max-age=60"])
            await site.stack.cache.close()
            for run in 1...2 { #expect(try await site.get() == "200 MISS run \(run)") }
        }
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            await (try await Cache.open(at: path)).close()
            let database = try await Database.open(at: path)
            try await database.execute(
                "UPDATE lite_schemas SET version = 99, oldest_usable = 99 WHERE component = 'cache'")
            await database.close()
            let degraded = try await Cache.open(at: path)
            #expect(degraded.isDegraded)
            try await withCachedSite(cache: degraded) { (site: CachedSite) async throws in
                site.handler.answer([.cacheControl: "public, max-age=60"])
                for run in 1...2 { #expect(try await site.get() == "200 MISS run \(run)") }
                site.handler.answer([.cacheControl: "private"])
                #expect(try await site.get() == "200 MISS run 3")
                #expect(try await site.http.send(.POST, "/page").status == 200)
            }
            await degraded.close()
        }
    }

    @Test func `a handler that takes too long costs its request, and is not run for it again`() async throws {
        try await withCachedSite(computationTimeout: .milliseconds(200)) { (site: CachedSite) async throws in
            site.handler.answer { _, _ in
                try await TestSignal().wait(within: .seconds(60))
                return Response(status: .ok)
            }
            #expect(try await site.get().hasPrefix("504"))
            #expect(site.handler.runs == 1)
        }
    }

    @Test func `what was made before an invalidation reaches who waited and is not stored`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            let cache = site.stack.cache
            site.handler.answer { _, run in
                if run == 1 { try await cache.invalidate(tag: "tag") }
                return Response(
                    status: .ok, headers: [.cacheControl: "public, max-age=60"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: "run \(run)")))
            }
            let answers = [try await site.get(), try await site.get(), try await site.get()]
            #expect(answers == ["200 MISS run 1", "200 MISS run 2", "200 HIT run 2"])
        }
    }
}
#endif
