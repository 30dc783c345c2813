import HTTPTypes
import Hummingbird
import LiteStack
import NIOCore

/// Tells visitors apart, without knowing who they are, and gives their pages the tokens to listen with.
///
/// The cookie is a signed token itself: what the others see of a visitor is its subject, with which nobody can make
/// themselves pass for it. The key lives as long as the process; after a restart pages fetch a new token by themselves.
struct Visitors: Sendable {
    private static let cookie = "visitor"
    let keys: Cable.SigningKeys

    /// `GET /token`: a token for the gallery, for ten minutes.
    func token(for request: Request) throws -> Response {
        // A cookie that does not count any more, for example of an earlier process, makes a new visitor.
        let known = request.cookies[Self.cookie].flatMap { try? keys.grant(from: $0.value) }
        let subject = known?.subject ?? "visitor-\(Cable.ConnectionID())"
        let token = try keys.token(
            for: subject, channels: [PictureMessage.channel], permissions: .presence, lifetime: .seconds(600))
        var response = Response(
            status: .ok,
            headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: token)))
        if known == nil {
            let visitor = try keys.token(for: subject, channels: [], lifetime: Cable.SigningKeys.maximumLifetime)
            response.setCookie(
                Cookie(
                    name: Self.cookie, value: visitor, maxAge: 24 * 60 * 60, path: "/", httpOnly: true,
                    sameSite: .strict))
        }
        return response
    }
}
