#if Hummingbird
import Foundation
import Hummingbird
import LiteCache
import LiteStack
import LiteStackHummingbird
import LiteStackTesting
import Logging
import NIOHTTP1
import Synchronization

/// A server whose routes stand behind a cache of responses, and what its handlers saw.
struct CachedSite: Sendable {
    let stack: Stack
    let http: HTTPConnection
    let wall: Wall
    let handler: Handler
    /// Sent after each body of unknown length: it was written, or that failed, and if it is stored it is by now.
    let streamEnded: TestSignal

    /// The time of day, which the test moves on.
    final class Wall: Sendable {
        private let seconds = Atomic<Int>(1_800_000_000)

        var now: Date { Date(timeIntervalSince1970: Double(seconds.load(ordering: .relaxed))) }

        func advance(by count: Int) { seconds.add(count, ordering: .relaxed) }
    }

    /// Answers every request as the test says, and remembers what it was asked.
    final class Handler: Sendable {
        typealias Answer = @Sendable (Request, Int) async throws -> Response

        private let state = Mutex<(requests: [Request], answer: Answer)>(([], { _, _ in Response(status: .notFound) }))

        var runs: Int { state.withLock { $0.requests.count } }
        var requests: [Request] { state.withLock { $0.requests } }

        /// - Parameter answer: Makes the response to a request from its number, beginning with 1.
        func answer(_ answer: @escaping Answer) { state.withLock { $0.answer = answer } }

        /// Answers with these fields and the run's number as the body.
        func answer(_ fields: HTTPFields, status: HTTPResponse.Status = .ok) {
            answer { _, run in
                Response(
                    status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(string: "run \(run)")))
            }
        }

        /// Answers a GET with a body of unknown length, which may be stored unless the fields say otherwise.
        func stream(
            _ fields: HTTPFields = [.cacheControl: "public, max-age=60"],
            _ write: @escaping @Sendable @concurrent (inout any ResponseBodyWriter, Int) async throws -> Void
        ) {
            answer { request, run in
                if request.method == .post { return Response(status: .ok) }
                return Response(
                    status: .ok, headers: fields, body: ResponseBody { writer in try await write(&writer, run) })
            }
        }

        func respond(_ request: Request) async throws -> Response {
            let (answer, run) = state.withLock { state in
                state.requests.append(request)
                return (state.answer, state.requests.count)
            }
            return try await answer(request, run)
        }
    }

    /// Asks for a path, and says of the answer: status, `X-Cache`, body.
    func get(_ path: String = "/page", _ fields: [(String, String)] = [], _ method: HTTPMethod = .GET) async throws
        -> String
    {
        let answer = try await http.send(method, path, headers: fields)
        return "\(answer.status) \(answer.headers["X-Cache"].first ?? "-") \(answer.body)"
    }
}

private struct StreamWatcher: RouterMiddleware {
    typealias Context = BasicRequestContext

    let streamEnded: TestSignal

    @concurrent func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        let body = response.body
        guard body.contentLength == nil else { return response }
        response.body = ResponseBody { writer in
            defer { streamEnded.send() }
            try await body.write(writer)
        }
        return response
    }
}

/// Serves `/page` as the cache's defaults have it, `/route` by its own lifetime and with ignored fields, and `/list` with
/// the query items `page` and `order`; each with the tag `tag`.
func withCachedSite(
    maximumBodyBytes: Int = 1 << 20, computationTimeout: Duration = .seconds(30), cache: Cache? = nil,
    _ body: @escaping @Sendable (CachedSite) async throws -> Void
) async throws {
    let (wall, streamEnded) = (CachedSite.Wall(), TestSignal())
    var configuration = Stack.Configuration()
    configuration.cache.now = { wall.now }
    configuration.cache.computationTimeout = computationTimeout
    var logger = Logger(label: "tests")
    logger.logLevel = .critical
    try await withTemporaryStack(configuration) { [logger] stack in
        let handler = CachedSite.Handler()
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.add(middleware: StreamWatcher(streamEnded: streamEnded))
        let responses = ResponseCache(cache ?? stack.cache, maximumBodyBytes: maximumBodyBytes, maximumVariantCount: 3)
        let pages = router.cached(by: responses, tags: { _, _ in ["tag"] })
        for path in ["page", "pages/**"] {
            pages.get(RouterPath(path)) { request, _ in try await handler.respond(request) }
        }
        pages.post("page") { request, _ in try await handler.respond(request) }
        router.cached(by: responses, ignoring: [.cookie, .authorization], lifetime: .seconds(60))
            .get("route") { request, _ in try await handler.respond(request) }
        router.cached(by: responses, queryNames: ["page", "order"])
            .get("list") { request, _ in try await handler.respond(request) }
        try await withServer(router, services: [], logger: logger) { http, _ in
            try await body(
                CachedSite(stack: stack, http: http, wall: wall, handler: handler, streamEnded: streamEnded))
        }
    }
}
#endif
