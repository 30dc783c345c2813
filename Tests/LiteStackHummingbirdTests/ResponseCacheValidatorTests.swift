#if Hummingbird
import Hummingbird
import NIOCore
import NIOHTTP1
import Testing

@Suite(.timeLimit(.minutes(5))) struct ResponseCacheValidatorTests {
    private let modified = "Sun, 06 Nov 1994 08:49:37 GMT"

    @Test func `a response gets a tag of its bytes, and who has it gets no body`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.answer([.cacheControl: "public, max-age=60", .contentType: "text/x", .vary: "Accept"])
            let first = try await site.http.send(.GET, "/page")
            let tag = try #require(first.headers["ETag"].first)
            #expect(tag.hasPrefix("\"") && tag.hasSuffix("\"") && tag.count > 6)
            for known in [tag, "\"x\", \(tag)", "W/\(tag)", "*"] {
                let answer = try await site.http.send(.GET, "/page", headers: [("If-None-Match", known)])
                #expect(answer.status == 304)
                #expect(answer.bytes.isEmpty)
                #expect(answer.headers["ETag"] == [tag])
                #expect(answer.headers["Cache-Control"] == ["public, max-age=60"])
                #expect(answer.headers["Vary"] == ["Accept"])
                #expect(answer.headers["Age"] == ["0"])
                #expect(answer.headers["X-Cache"] == ["HIT"])
                #expect(answer.headers["Content-Type"].isEmpty && answer.headers["Content-Length"].isEmpty)
            }
            #expect(try await site.http.send(.GET, "/page", headers: [("If-None-Match", "\"x\"")]).body == "run 1")
            #expect(site.handler.runs == 1)
            site.wall.advance(by: 60)
            #expect(try await site.http.send(.GET, "/page").headers["ETag"] != [tag])
        }
    }

    @Test func `a condition on a cold route is for the answer, and the handler is asked for all`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.answer([.cacheControl: "public, max-age=60", .eTag: "W/\"own\"", .lastModified: modified])
            let first = try await site.http.send(.GET, "/page", headers: [("If-None-Match", "\"own\"")])
            #expect(first.status == 304)
            #expect(first.headers["X-Cache"] == ["MISS"])
            #expect(first.headers["ETag"] == ["W/\"own\""])
            #expect(site.handler.requests[0].headers[.ifNoneMatch] == nil)
            #expect(try await site.get() == "200 HIT run 1")
        }
    }

    @Test func `a date counts where there is no tag to ask for`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.answer([.cacheControl: "public, max-age=60", .lastModified: modified])
            _ = try await site.get()
            for (since, status) in [
                (modified, 304), ("Sun, 06 Nov 1994 08:49:38 GMT", 304), ("Sun, 06 Nov 1994 08:49:36 GMT", 200),
                ("nonsense", 200),
            ] {
                let field = ("If-Modified-Since", since)
                #expect(try await site.http.send(.GET, "/page", headers: [field]).status == status, "\(since)")
                let both = try await site.http.send(.GET, "/page", headers: [field, ("If-None-Match", "\"x\"")])
                #expect(both.status == 200, "\(since)")
            }
        }
    }

    @Test func `HEAD is answered from what GET stored, and stores for it`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.answer([.cacheControl: "public, max-age=60"])
            let first = try await site.http.send(.HEAD, "/page")
            #expect(first.headers["X-Cache"] == ["MISS"])
            #expect(first.bytes.isEmpty)
            #expect(try await site.get() == "200 HIT run 1")
            let second = try await site.http.send(.HEAD, "/page")
            #expect(second.headers["X-Cache"] == ["HIT"])
            #expect(second.headers["Content-Length"] == ["5"])
            #expect(second.bytes.isEmpty)
        }
    }
}
#endif
