#if Hummingbird
public import HTTPTypes
public import Hummingbird

extension RouterMethods {
    /// Routes whose responses to GET are stored and answered from the cache, and to HEAD with them.
    ///
    /// Add routes to what is returned. One of another method that changes something ends
    /// what is stored of its host and path, if it succeeds. Middleware added to it, and to the router before, runs
    /// for every request, in front of the cache; that of a `group()` of it behind the cache, only when the handler runs.
    ///
    /// It is a group and no middleware, because a middleware may call what follows only while it answers: a stale response
    /// is refreshed after its answer, and a handler that others wait for goes on when its own client has left.
    ///
    /// - Parameters:
    ///   - responses: Where they are stored.
    ///   - queryNames: The query items that make a difference. Default none. The handler does not see any other.
    ///   - ignoring: `Cookie` or `Authorization`, if the handlers take no notice of them. A request with one that is
    ///     not listed is passed on, and its response not stored. Default none. The handler does not see what is listed,
    ///     nor does it see what middleware hides in the context: nothing there is in the key.
    ///   - lifetime: Stores also what does not ask for it by `Cache-Control: public` or `s-maxage`, for so long if it says
    ///     nothing else. Default nil.
    ///   - tags: What a response depends on: `stack.cache.invalidate(tag:in:)` of any of them ends it. Default none.
    public func cached(
        by responses: ResponseCache, queryNames: Set<String> = [], ignoring: Set<HTTPField.Name> = [],
        lifetime: Duration? = nil, tags: @escaping @Sendable (Request, Context) -> [String] = { _, _ in [] }
    ) -> CachedRoutes<Context> {
        CachedRoutes(
            group: group(), responses: responses,
            options: RouteOptions(queryNames: queryNames, ignoredFields: ignoring, lifetime: lifetime), tags: tags)
    }
}

/// Routes behind a cache of responses, made by `router.cached(by:)`; see <doc:CachingResponses>.
public struct CachedRoutes<Context: RequestContext>: RouterMethods {
    let group: RouterGroup<Context>
    let responses: ResponseCache
    let options: RouteOptions
    let tags: @Sendable (Request, Context) -> [String]

    /// Adds a route: behind the cache if its method is GET. One of POST, PUT, PATCH or DELETE ends what is stored of its path.
    @discardableResult
    public func on<Responder: HTTPResponder>(
        _ path: RouterPath, method: HTTPRequest.Method, responder: Responder
    ) -> Self where Responder.Context == Context {
        if method == .get {
            let caching = CachingResponder(responses: responses, options: options, tags: tags, handler: responder)
            group.on(path, method: method, responder: caching)
        } else if [.head, .options, .trace].contains(method) {
            group.on(path, method: method, responder: responder)
        } else {
            let invalidating = InvalidatingResponder(responses: responses, handler: responder)
            group.on(path, method: method, responder: invalidating)
        }
        return self
    }

    /// Adds middleware in front of the cache, to routes that are added from now on.
    @discardableResult
    public func add(middleware: any MiddlewareProtocol<Request, Response, Context>) -> Self {
        group.add(middleware: middleware)
        return self
    }
}
#endif
