#if Hummingbird
public import Hummingbird
public import LiteCable

extension RouterMethods {
    /// Adds the cable's routes for clients.
    ///
    /// ```swift
    /// router.addCable(Cable.Gateway(stack.cable)) { request, context in
    ///     guard let user = try await users.find(request) else { return nil }
    ///     return try Cable.Grant(subject: user.id, channels: ["room.\(user.room)"], permissions: .presence)
    /// }
    /// ```
    ///
    /// | route | |
    /// | --- | --- |
    /// | `GET …/events` | server-sent events |
    /// | `GET …/messages` | what is there, without waiting |
    /// | `GET …/client.js`, `…/client.d.ts` | the client for browsers, and its types |
    ///
    /// The query says what is asked for: `channel` (as often as there are channels), `presence` (likewise), and one of
    /// `after` (a cursor), `last` (a number) and `since` (milliseconds since 1970); `messages` takes a `limit` too. The
    /// guides *Who may listen* and *The wire protocol* of LiteCable say the rest.
    ///
    /// - Parameters:
    ///   - gateway: The cable's gateway, with its limits.
    ///   - path: Where the routes stand. Default `cable`.
    ///   - authorise: What the client of a request may do. It is asked for each request. Nil refuses it, and so does the
    ///     default: nobody may listen unless you say who.
    @discardableResult
    public func addCable(
        _ gateway: Cable.Gateway, at path: RouterPath = "cable",
        authorise: @escaping @Sendable (Request, Context) async throws -> Cable.Grant? = { _, _ in nil }
    ) -> Self {
        let routes = CableRoutes(gateway: gateway) { request, context in
            guard let grant = try await authorise(request, context) else {
                throw CableError.noGrant
            }
            return grant
        }
        let group = group(path)
        group.get("events") { request, context in await routes.events(request, context) }
        group.get("messages") { request, context in await routes.messages(request, context) }
        group.get("client.js") { request, _ in ClientModule.script.response(to: request) }
        group.get("client.d.ts") { request, _ in ClientModule.types.response(to: request) }
        return self
    }

    #if Tokens
    /// Adds the cable's routes for clients that bring a token which your server has signed.
    ///
    /// The token comes in the field `Authorization: Bearer …`, as the package's client for browsers sends it; for a WebSocket
    /// of a page, as the subprotocol `litecable.token.…`; or as `token` in the query, for `EventSource`, which can set no
    /// field. Hummingbird's `LogRequestsMiddleware` logs the query: leave these routes out of it if clients use that.
    @discardableResult
    public func addCable(
        _ gateway: Cable.Gateway, at path: RouterPath = "cable", keys: Cable.SigningKeys
    ) -> Self {
        addCable(gateway, at: path) { request, _ in
            try RequestToken.of(request).map { try keys.grant(from: $0, at: gateway.now) }
        }
    }
    #endif
}
#endif
