import HTTPTypes
import Hummingbird

/// Puts on every response what keeps a browser from being talked into more than it shows.
///
/// Nothing is loaded but from this server, nothing inline runs, nobody frames the page, and a body is never taken for
/// anything but its declared type.
struct SecurityHeaders<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as any HTTPResponseError {
            response = try error.response(from: request, context: context)
        }
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.crossOriginResourcePolicy] = "same-origin"
        response.headers[.referrerPolicy] = "no-referrer"
        if response.headers[.contentSecurityPolicy] == nil {
            response.headers[.contentSecurityPolicy] =
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
                + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        }
        return response
    }
}

extension HTTPField.Name {
    static var crossOriginResourcePolicy: Self { Self("Cross-Origin-Resource-Policy")! }
    static var referrerPolicy: Self { Self("Referrer-Policy")! }
}
