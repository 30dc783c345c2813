#if Hummingbird
import HTTPTypes
import Hummingbird
import LiteCache
import Logging

/// Answers a route's requests from the cache, or by its handler.
///
/// The responses that one path and query may have stand in numbered places. A request looks at them in order, until it
/// finds one that is for it, or a free one: that it computes. Bounded are so both the room and the looking.
struct CachingResponder<Context: RequestContext>: HTTPResponder {
    let responses: ResponseCache
    let options: RouteOptions
    let tags: @Sendable (Request, Context) -> [String]
    let handler: any HTTPResponder<Context>

    func respond(to request: Request, context: Context) async throws -> Response {
        // An endpoint for HEAD that Hummingbird makes of one for GET comes here too.
        guard request.method == .get || request.method == .head else {
            return try await handler.respond(to: request, context: context)
        }
        let cacheable: CacheableRequest
        do {
            cacheable = try CacheableRequest(request, options)
        } catch {
            return CacheStatus.bypass.marked(try await handler.respond(to: request, context: context))
        }
        if CacheControl(request.headers).isOnlyIfCached { return try await stored(cacheable, request) }
        for place in 0..<responses.maximumVariantCount {
            let run = HandlerRun(
                responses: responses, options: options, request: cacheable.request, context: context, handler: handler)
            let (key, tags) = (cacheable.key(place), [cacheable.tag] + self.tags(cacheable.request, context))
            switch try await run.find(key, tags: tags) {
            case .response(let response, let status):
                return status.marked(response.response(to: request, at: responses.cache.milliseconds()))
            case .own(let response): return CacheStatus.miss.marked(response, to: request)
            case .pass:
                return CacheStatus.pass.marked(try await run.pass(key, tags: tags), to: request)
            case .ofAnother: continue
            }
        }
        let response = try await handler.respond(to: cacheable.request, context: context)
        return CacheStatus.pass.marked(response, to: request)
    }

    /// The answer to `Cache-Control: only-if-cached` (RFC 9111 §5.2.1.7).
    private func stored(_ cacheable: CacheableRequest, _ request: Request) async throws -> Response {
        for place in 0..<responses.maximumVariantCount {
            let found = try await responses.cache.get(cacheable.key(place), as: StoredResponse.self)
            guard let found, found.status != nil else { break }
            guard found.isFor(cacheable.request.headers) else { continue }
            return CacheStatus.hit.marked(found.response(to: request, at: responses.cache.milliseconds()))
        }
        return CacheStatus.miss.marked(Response(status: .gatewayTimeout))
    }
}

extension CacheableRequest {
    /// The key of a numbered place.
    func key(_ place: Int) -> String { "\(place) \(key)" }
}
#endif
