#if Hummingbird
import Hummingbird
import LiteCache
import Logging

/// Ends what is stored of a path when its resource was changed (RFC 9111 §4.4).
struct InvalidatingResponder<Context: RequestContext>: HTTPResponder {
    let responses: ResponseCache
    let handler: any HTTPResponder<Context>

    func respond(to request: Request, context: Context) async throws -> Response {
        let response = try await handler.respond(to: request, context: context)
        guard [.successful, .redirection].contains(response.status.kind) else { return response }
        do {
            try await responses.cache.invalidate(tag: CacheableRequest.tag(of: request))
        } catch {
            // What was changed is changed: the client must not be told that it was not.
            context.logger.warning(
                "Responses of a path that was changed may still be in the cache", metadata: ["error": "\(error)"])
        }
        return response
    }
}
#endif
