#if Hummingbird
public import LiteCache

/// Stores the responses of routes, as a shared cache before their handlers (a part of RFC 9111).
///
/// ```swift
/// router.cached(by: ResponseCache(stack.cache), queryNames: ["page"], tags: { _, _ in ["pictures"] })
///     .get("pictures") { request, _ in
///         Response(status: .ok, headers: [.cacheControl: "public, s-maxage=60, stale-while-revalidate=600"], body: …)
///     }
/// ```
///
/// See <doc:CachingResponses> for what is stored, under which key, and who is answered from it. Responses are in the
/// namespace `http` of the cache, so its statistics and metrics tell how many requests were answered from there. They are
/// as durable as the cache: some may vanish, none is required.
public struct ResponseCache: Sendable {
    let cache: Cache
    let maximumBodyBytes: Int
    let maximumVariantCount: Int
    /// For how long callers do not wait for one another after a response that may not be stored.
    static let passMilliseconds: Int64 = 10_000

    /// A cache of responses in a cache. No I/O.
    ///
    /// - Parameters:
    ///   - cache: Usually `stack.cache`.
    ///   - maximumBodyBytes: Larger bodies are passed on and not stored. Default 1 MiB. A body takes a third more in the
    ///     file. Keep it below a quarter of the cache's budget, above which nothing is stored.
    ///   - maximumVariantCount: How many responses of one path and query are stored at most, where they vary by request
    ///     fields. Default 8; further ones are passed on. More lets clients fill more of the budget with made-up values.
    public init(_ cache: Cache, maximumBodyBytes: Int = 1 << 20, maximumVariantCount: Int = 8) {
        self.cache = cache.namespace("http")
        self.maximumBodyBytes = maximumBodyBytes
        self.maximumVariantCount = max(1, maximumVariantCount)
    }

    /// Ends every stored response, in constant time. Single ones are ended by their tags: `stack.cache.invalidate(tag:)`.
    ///
    /// - Throws: `DatabaseError`; `CacheError` with `degraded`.
    public func clear() async throws {
        try await cache.clear()
    }
}
#endif
