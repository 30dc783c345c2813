import HTTPTypes
import Hummingbird

/// Lets a request that changes something pass only if this site's own page sent it.
///
/// Browsers name the page's origin with every such request. It has to be one that we were told of, or the address
/// that the request itself was sent to, if that is a name of this machine: a foreign name that resolves to it (DNS
/// rebinding) is none.
struct OriginCheck<Context: RequestContext>: RouterMiddleware {
    let origins: Set<String>

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard request.method == .get || request.method == .head || isOwn(request) else {
            return try Responses.refusal(.foreignOrigin)
        }
        return try await next(request, context)
    }

    private func isOwn(_ request: Request) -> Bool {
        guard let origin = request.headers[.origin] else { return false }
        if origins.contains(origin) { return true }
        guard let authority = request.head.authority, origin == "http://\(authority)" else { return false }
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        return ["127.0.0.1", "localhost", "[::1]"].contains(String(host))
    }
}
