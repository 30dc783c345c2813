#if Hummingbird
public import HummingbirdCore
public import LiteCable
import LiteStackHummingbird

extension HTTPServerBuilder {
    /// An HTTP/1.1 server whose connections can become WebSockets of the cable.
    ///
    /// ```swift
    /// let application = Application(
    ///     router: router, server: .http1WithCable(gateway) { request in try await grant(for: request) })
    /// ```
    ///
    /// - Parameters:
    ///   - gateway: The cable's gateway, with its limits.
    ///   - path: Where sockets are opened. Default `/cable/socket`.
    ///   - origins: From which pages, beside those of the address that the request was sent to: `https://example.com`.
    ///     Default none. A request without an origin is no page's, and passes.
    ///   - authorise: What the client of a request may do. Nil refuses it, and so does the default.
    public static func http1WithCable(
        _ gateway: Cable.Gateway, at path: String = "/cable/socket", origins: Set<String> = [],
        authorise: @escaping @Sendable (Request) async throws -> Cable.Grant? = { _ in nil }
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            SocketChannel(
                responder: responder,
                entrance: SocketEntrance(gateway: gateway, path: path, origins: origins, authorise: authorise))
        }
    }

    #if Tokens
    /// The same for clients that bring a token which your server has signed.
    public static func http1WithCable(
        _ gateway: Cable.Gateway, at path: String = "/cable/socket", origins: Set<String> = [],
        keys: Cable.SigningKeys
    ) -> HTTPServerBuilder {
        http1WithCable(gateway, at: path, origins: origins) { request in
            try RequestToken.of(request).map { try keys.grant(from: $0, at: gateway.now) }
        }
    }
    #endif
}
#endif
