#if Hummingbird
import Hummingbird
import LiteCache
import LiteStack
import LiteStackTesting
import NIOCore
import NIOHTTP1
import Testing

@testable import LiteStackHummingbird

/// What ends a stream, or the place that it was to be stored in.
@Suite(.timeLimit(.minutes(5))) struct ResponseCacheStreamEndTests {
    enum Ending: CaseIterable {
        case tag, path, responses, cache, entries

        func run(on site: CachedSite) async throws {
            switch self {
            case .tag: try await site.stack.cache.invalidate(tag: "tag")
            case .path: _ = try await site.http.send(.POST, "/page")
            case .responses: try await ResponseCache(site.stack.cache).clear()
            case .cache: try await site.stack.cache.clear()
            case .entries: _ = try await site.stack.cache.namespace("http").delete(prefix: "")
            }
        }
    }

    /// Streams of which the first waits for `release` after its first part.
    private func hold(_ site: CachedSite, _ started: TestSignal, until release: TestSignal) {
        site.handler.stream { writer, run in
            try await writer.write(ByteBuffer(string: "run "))
            started.send()
            if run == 1 { try await release.wait() }
            try await writer.write(ByteBuffer(string: "\(run)"))
            try await writer.finish(nil)
        }
    }

    private func stored(_ site: CachedSite) async throws -> String {
        try await site.get("/page", [("Cache-Control", "only-if-cached")])
    }

    @Test(arguments: Ending.allCases)
    func `a stream is not stored if what it shows was ended meanwhile`(ending: Ending) async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            let (started, release) = (TestSignal(), TestSignal())
            hold(site, started, until: release)
            async let first = site.get()
            try await started.wait()
            let before = site.handler.runs
            try await ending.run(on: site)
            let extra = site.handler.runs - before
            release.send()
            #expect(try await first == "200 MISS run 1")
            try await site.streamEnded.wait()
            #expect(try await stored(site).hasPrefix("504"))
            #expect(try await site.get() == "200 MISS run \(2 + extra)")
        }
    }

    @Test(arguments: Ending.allCases)
    func `nor in the place of a later request's`(ending: Ending) async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            let (started, release, second) = (TestSignal(), TestSignal(), TestSignal())
            hold(site, started, until: release)
            async let first = site.get()
            try await started.wait()
            try await ending.run(on: site)
            let runs = site.handler.runs
            site.handler.stream { writer, run in
                started.send()
                try await second.wait()
                try await writer.write(ByteBuffer(string: "run \(run)"))
                try await writer.finish(nil)
            }
            let rings = started.count
            async let later = site.get()
            try await started.wait(count: rings + 1)
            release.send()
            #expect(try await first == "200 MISS run 1")
            try await site.streamEnded.wait()
            #expect(try await stored(site).hasPrefix("504"))
            second.send()
            #expect(try await later == "200 MISS run \(runs + 1)")
            try await site.streamEnded.wait(count: 2)
            #expect(try await stored(site) == "200 HIT run \(runs + 1)")
        }
    }

    @Test func `a mark of another request is not taken for one's own`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            let (running, started, release, second) = (TestSignal(), TestSignal(), TestSignal(), TestSignal())
            site.handler.answer { _, run in
                if run == 1 {
                    running.send()
                    try await release.wait()
                }
                return Response(
                    status: .ok, headers: [.cacheControl: "public, max-age=60"],
                    body: ResponseBody { writer in
                        started.send()
                        if run == 2 { try await second.wait() }
                        try await writer.write(ByteBuffer(string: "run \(run)"))
                        try await writer.finish(nil)
                    })
            }
            async let first = site.get()
            try await running.wait()
            // The first one's handler has run for a while, and its mark will not be stored.
            try await site.stack.cache.clear()
            async let later = site.get()
            try await started.wait()
            release.send()
            #expect(try await first == "200 MISS run 1")
            try await site.streamEnded.wait()
            #expect(try await stored(site).hasPrefix("504"))
            second.send()
            #expect(try await later == "200 MISS run 2")
            try await site.streamEnded.wait(count: 2)
            #expect(try await stored(site) == "200 HIT run 2")
        }
    }

    @Test func `a stream that fails midway is not stored, and its client sees that it did`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            struct Broken: Error {}
            site.handler.stream { writer, _ in
                try await writer.write(ByteBuffer(string: "begin\n"))
                throw Broken()
            }
            for count in 1...2 {
                let whole = try? await site.http.lines("/page") { _, lines in
                    let lines = [try await lines.next(), try await lines.next()]
                    return lines
                }
                // The connection ends without the end of the body.
                #expect(whole == nil || whole == ["begin", nil])
                try await site.streamEnded.wait(count: count)
                #expect(try await stored(site).hasPrefix("504"))
            }
        }
    }

    @Test func `a stream whose client leaves is not stored`() async throws {
        try await withCachedSite { (site: CachedSite) async throws in
            let left = TestSignal()
            site.handler.stream { writer, _ in
                try await writer.write(ByteBuffer(string: "x\n"))
                try await left.wait()
                // It goes on until it is told; a server notices by writing that nobody reads.
                for _ in 0..<1_000 { try await writer.write(ByteBuffer(repeating: 0, count: 1 << 16)) }
            }
            _ = try await site.http.lines("/page") { _, lines in try await lines.next() }
            left.send()
            try await site.streamEnded.wait()
            #expect(try await stored(site).hasPrefix("504"))
        }
    }

    @Test func `of a body that is too long nothing is kept`() async throws {
        let copy = BodyCopy(upTo: 10)
        for _ in 0..<2 { #expect(copy.append(ByteBuffer(string: "12345"))) }
        #expect(copy.bytes.readableBytes == 10)
        #expect(!copy.append(ByteBuffer(string: "1")))
        #expect(copy.bytes.capacity == 0)
        #expect(!copy.append(ByteBuffer(string: "")))
        copy.finish(nil)
        #expect(copy.whole(nil) == nil)
    }

    @Test func `a client that fails ends the copy, also if its handler goes on`() async throws {
        struct Gone: Error {}
        struct Client: ResponseBodyWriter {
            func write(_ buffer: ByteBuffer) async throws { if buffer.readableBytes == 2 { throw Gone() } }
            func finish(_ trailingHeaders: HTTPFields?) async throws {}
        }
        for parts in [["1", "2"], ["1", "22"]] {
            let copy = BodyCopy(upTo: 10)
            var tee = BodyTee(client: Client(), copy: copy)
            for part in parts { try? await tee.write(ByteBuffer(string: part)) }
            try await tee.finish(nil)
            #expect(copy.whole(nil) == (parts[1] == "2" ? ByteBuffer(string: "12") : nil))
        }
    }
}
#endif
