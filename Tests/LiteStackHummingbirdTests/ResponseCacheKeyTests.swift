#if Hummingbird
import HTTPTypes
import Hummingbird
import LiteCache
import LiteStack
import NIOCore
import NIOHTTP1
import Testing

@Suite(.timeLimit(.minutes(5))) struct ResponseCacheKeyTests {
    /// The handler shows all that it sees of the request's way, path and query.
    private func echo(_ site: CachedSite, vary: String? = nil) {
        site.handler.answer { request, _ in
            var fields: HTTPFields = [.cacheControl: "public, max-age=60"]
            fields[.vary] = vary
            let seen = [request.uri.string] + request.headers.map { "\($0.name.canonicalName)=\($0.value)" }.sorted()
            return Response(
                status: .ok, headers: fields,
                body: ResponseBody(byteBuffer: ByteBuffer(string: seen.joined(separator: " "))))
        }
    }

    @Test func `listed query items make the key, in one order; no other reaches the handler`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            echo(site)
            let first = try await site.get("/list?utm=%3Cscript%3E&page=2&order=new&utm=2")
            #expect(first.hasPrefix("200 MISS /list?order=new&page=2 "))
            #expect(try await site.get("/list?page=2&order=new") == first.replacing("MISS", with: "HIT"))
            #expect(try await site.get("/list?order=new&evil=1&page=2&") == first.replacing("MISS", with: "HIT"))
            for other in [
                "page=2", "page=3&order=new", "page=2&order=new&page=3", "page=3&order=new&page=2", "page", "",
            ] {
                #expect(try await site.get("/list?\(other)").hasPrefix("200 MISS"), "\(other)")
            }
            #expect(try await site.get("/page?page=2").hasPrefix("200 MISS /page "))
            #expect(try await site.get("/page?page=3").hasPrefix("200 HIT /page "))
        }
    }

    @Test func `what a request says of its way is in no key, and no handler sees it`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            echo(site)
            let names = [
                "X-Forwarded-Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Anything", "Forwarded",
                "X-Original-URL", "X-Rewrite-URL", "X-Host", "X-HTTP-Method-Override",
            ]
            let first = try await site.get("/page", names.map { ($0, "evil") })
            #expect(first.hasPrefix("200 MISS"))
            #expect(!first.contains("evil"))
            #expect(try await site.get() == first.replacing("MISS", with: "HIT"))
        }
    }

    @Test func `each host and each spelling of a path has a response of its own`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            echo(site)
            for path in [
                "/pages/a", "/pages//a", "/pages/%61", "/pages/A", "/pages/a%2F", "/pages/a/../b", "/pages/a%3Fb",
            ] {
                let (first, second) = (try await site.get(path), try await site.get(path))
                #expect(first.hasPrefix("200 MISS \(path) "))
                #expect(second.hasPrefix("200 HIT \(path) "))
            }
            let host = try await site.get("/pages/a", [("Host", "evil.example")])
            #expect(host.hasPrefix("200 MISS"))
            let again = try await site.get("/pages/a", [("Host", "EVIL.example")])
            #expect(again.hasPrefix("200 HIT"))
            #expect(try await site.get("/pages/a").hasPrefix("200 HIT"))
            // The whole address in the request's line.
            let absolute = try await site.get("http://evil.example/pages/a")
            #expect(absolute.hasPrefix("200 HIT /pages/a "))
        }
    }

    @Test func `a response that varies has variants, as many as are allowed`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            echo(site, vary: "Accept-Language , accept-encoding")
            func get(_ language: String?) async throws -> String {
                String(try await site.get("/page", language.map { [("Accept-Language", $0)] } ?? []).prefix(8))
            }
            #expect(try await get("de") == "200 MISS")
            #expect(try await get("en, fr;q=0.5") == "200 MISS")
            #expect(try await get(nil) == "200 MISS")
            #expect(try await get("de") == "200 HIT ")
            #expect(try await get("EN,  fr;q=0.5") == "200 HIT ")
            #expect(try await get(nil) == "200 HIT ")
            for _ in 0..<2 { #expect(try await get("nl") == "200 PASS") }
            #expect(try await site.stack.cache.namespace("http").namespaceStatistics().entryCount == 3)
            #expect(try await site.get("/page", [("Accept-Language", "de")]).contains("accept-language=de"))
        }
    }

    @Test(arguments: ["*", "Cookie", "accept, AUTHORIZATION", "Accept, *"])
    func `a response that varies by all, or by who asks, is not stored`(vary: String) async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            echo(site, vary: vary)
            _ = try await site.get()
            #expect(try await site.get().hasPrefix("200 PASS"))
        }
    }
}
#endif
