#if Hummingbird
import Hummingbird
import LiteCache
import LiteDB
import LiteStack
import LiteStackHummingbird
import LiteStackTesting
import NIOCore
import NIOHTTP1
import Testing

@Suite(.timeLimit(.minutes(5))) struct ResponseCacheTests {
    @Test func `a response that asks for it is stored for its time, and tells its age`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.answer([.cacheControl: "public, max-age=60", .contentType: "text/x"])
            #expect(try await site.get() == "200 MISS run 1")
            site.wall.advance(by: 59)
            let hit = try await site.http.send(.GET, "/page")
            #expect(hit.body == "run 1")
            #expect(hit.headers["Age"] == ["59"])
            #expect(hit.headers["Content-Type"] == ["text/x"])
            #expect(hit.headers["Content-Length"] == ["5"])
            #expect(hit.headers["Cache-Status"] == ["litestack; hit"])
            site.wall.advance(by: 1)
            #expect(try await site.get() == "200 MISS run 2")
        }
    }

    @Test(arguments: [
        "", "max-age=60", "public", "public, max-age=0", "public, max-age=nonsense", "public, max-age=60, no-store",
        "public, private, max-age=60", "public, max-age=60, no-cache", "public, max-age=60, s-maxage=0",
        "public, max-age=60, private=\"x\"",
    ])
    func `a response that does not ask for it is not stored`(control: String) async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.answer(control.isEmpty ? [:] : [.cacheControl: control])
            for run in 1...3 { #expect(try await site.get().hasSuffix("run \(run)")) }
        }
    }

    @Test func `a route can have its responses stored that say nothing, not those that forbid it`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.answer([.cacheControl: "private"])
            #expect(try await site.get("/route") == "200 MISS run 1")
            #expect(try await site.get("/route") == "200 PASS run 2")
            site.handler.answer([:])
            #expect(try await site.get("/route") == "200 PASS run 3")
            try await eventually("it is stored") {
                try await site.get("/route", [("Cache-Control", "only-if-cached")]) == "200 HIT run 3"
            }
            site.wall.advance(by: 59)
            #expect(try await site.get("/route") == "200 HIT run 3")
            site.wall.advance(by: 1)
            #expect(try await site.get("/route") == "200 MISS run 4")
        }
    }

    @Test func `errors, failures and cookies are never stored, and what concerns a connection neither`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            for status in [500, 503, 400, 401, 206, 304] as [HTTPResponse.Status] {
                site.handler.answer([.cacheControl: "public, max-age=60"], status: status)
                let before = site.handler.runs
                _ = try await site.get("/pages/\(status.code)")
                _ = try await site.get("/pages/\(status.code)")
                #expect(site.handler.runs == before + 2, "\(status)")
            }
            site.handler.answer { _, _ in throw HTTPError(.notFound) }
            #expect(try await site.get().hasPrefix("404"))
            site.handler.answer([.cacheControl: "public, max-age=60", .setCookie: "id=1"])
            #expect(try await site.http.send(.GET, "/page").headers["Set-Cookie"] == ["id=1"])
            #expect(try await site.http.send(.GET, "/page").body.hasPrefix("run"))
            #expect(site.handler.runs == 15)
            var fields: HTTPFields = [.cacheControl: "public, max-age=60", .connection: "keep-alive, X-Hop"]
            for name in ["Keep-Alive", "X-Hop", "Proxy-Authenticate", "X-Kept"] { fields[.init(name)!] = "here" }
            site.handler.answer(fields)
            _ = try await site.get("/pages/hop")
            let hit = try await site.http.send(.GET, "/pages/hop")
            #expect(hit.headers["X-Cache"] == ["HIT"])
            #expect(hit.headers["X-Kept"] == ["here"])
            for name in ["Keep-Alive", "X-Hop", "Proxy-Authenticate"] { #expect(hit.headers[name].isEmpty, "\(name)") }
        }
    }

    @Test func `a not found that says how long it holds is stored`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.answer([.cacheControl: "public, max-age=60"], status: .notFound)
            #expect(try await site.get() == "404 MISS run 1")
            #expect(try await site.get() == "404 HIT run 1")
        }
    }

    @Test func `a request that has a cookie, proves itself, asks for a part or has a body passes by`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.answer([.cacheControl: "public, max-age=60"])
            _ = try await site.get()
            for (name, value) in [
                ("Cookie", "a=b"), ("Authorization", "Basic x"), ("Range", "bytes=0-1"), ("Cache-Control", "no-store"),
            ] {
                #expect(try await site.get("/page", [(name, value)]).hasPrefix("200 BYPASS run"), "\(name)")
                let seen = try #require(site.handler.requests.last)
                #expect(seen.headers[.init(name)!] == value)
            }
            #expect(try await site.http.send(.GET, "/page", body: [1]).headers["X-Cache"] == ["BYPASS"])
            #expect(try await site.get() == "200 HIT run 1")
            #expect(try await site.http.send(.POST, "/page").headers["X-Cache"].isEmpty)
        }
    }

    @Test func `what a route ignores its handler does not see, so it cannot reach another's answer`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.answer { request, _ in
                Response(
                    status: .ok,
                    body: ResponseBody(
                        byteBuffer: ByteBuffer(
                            string: request.headers[.cookie] ?? request.headers[.authorization] ?? "-")))
            }
            #expect(try await site.get("/route", [("Cookie", "secret"), ("Authorization", "secret")]) == "200 MISS -")
            #expect(try await site.get("/route") == "200 HIT -")
            #expect(try await site.get("/route", [("Cookie", "other")]) == "200 HIT -")
        }
    }

    @Test func `reloading does not make the handler run`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.answer([.cacheControl: "public, max-age=60"])
            #expect(try await site.get("/page", [("Cache-Control", "only-if-cached")]).hasPrefix("504 MISS"))
            _ = try await site.get()
            for field in [("Cache-Control", "no-cache"), ("Cache-Control", "max-age=0"), ("Pragma", "no-cache")] {
                #expect(try await site.get("/page", [field]) == "200 HIT run 1")
            }
            #expect(try await site.get("/page", [("Cache-Control", "only-if-cached")]) == "200 HIT run 1")
        }
    }

    @Test func `a body is stored up to the limit, a stream too; a larger one passes through whole`() async throws {
        try await withCachedSite(maximumBodyBytes: 100_000) { (site: CachedSite) async throws in
            for (size, isKnown, isStored) in [
                (100_000, true, true), (100_001, true, false), (100_000, false, true), (100_001, false, false),
            ] {
                let (path, ended) = ("/pages/\(size)\(isKnown)", site.streamEnded.count)
                let before = site.handler.runs
                site.handler.answer { _, run in
                    Response(
                        status: .ok, headers: [.cacheControl: "public, max-age=60"],
                        body: ResponseBody(contentLength: isKnown ? size : nil) { writer in
                            for start in stride(from: 0, to: size, by: 999) {
                                let part = (start..<min(size, start + 999)).map {
                                    UInt8(truncatingIfNeeded: $0 / 7 + run)
                                }
                                try await writer.write(ByteBuffer(bytes: part))
                            }
                            try await writer.finish(nil)
                        })
                }
                for count in 1...2 {
                    let run = site.handler.runs
                    let answer = try await site.http.send(.GET, path)
                    if !isKnown { try await site.streamEnded.wait(count: ended + (isStored ? 1 : count)) }
                    let made = isStored && answer.headers["X-Cache"] == ["HIT"] ? run : run + 1
                    #expect(answer.bytes == (0..<size).map { UInt8(truncatingIfNeeded: $0 / 7 + made) })
                }
                #expect(try await site.http.send(.GET, path).headers["X-Cache"] == [isStored ? "HIT" : "PASS"])
                #expect(site.handler.runs == before + (isStored ? 1 : 3))
            }
        }
    }

    @Test func `a successful change of a path ends what is stored of it`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.answer([.cacheControl: "public, max-age=60"])
            for path in ["/page", "/pages/other"] { _ = try await site.get(path) }
            site.handler.answer([:], status: .forbidden)
            _ = try await site.http.send(.POST, "/page")
            site.handler.answer([.cacheControl: "public, max-age=60"], status: .seeOther)
            _ = try await site.http.send(.POST, "/page", headers: [("Host", "other.example")])
            #expect(try await site.get() == "200 HIT run 1")
            _ = try await site.http.send(.POST, "/page?query=1")
            site.handler.answer([.cacheControl: "public, max-age=60"])
            #expect(try await site.get() == "200 MISS run 6")
            #expect(try await site.get("/pages/other") == "200 HIT run 2")
        }
    }

    @Test func `a tag ends the response together with the transaction, and clearing ends all`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            site.handler.answer([.cacheControl: "public, max-age=60"])
            _ = try await site.get()
            struct Undone: Error {}
            let cache = site.stack.cache
            await #expect(throws: Undone.self) {
                try await site.stack.db.write { transaction in
                    try cache.invalidate(tag: "tag", in: transaction)
                    throw Undone()
                }
            }
            #expect(try await site.get() == "200 HIT run 1")
            try await site.stack.db.write { try cache.invalidate(tag: "tag", in: $0) }
            #expect(try await site.get() == "200 MISS run 2")
            try await ResponseCache(cache).clear()
            #expect(try await site.get() == "200 MISS run 3")
        }
    }
}
#endif
