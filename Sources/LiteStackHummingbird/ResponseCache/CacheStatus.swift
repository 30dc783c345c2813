#if Hummingbird
import HTTPTypes
import Hummingbird

/// How a request was answered, for the fields `X-Cache` and `Cache-Status` (RFC 9211).
enum CacheStatus: String {
    case hit = "HIT"
    /// Served while it is made anew, or because that failed.
    case stale = "STALE"
    /// The handler ran for this request.
    case miss = "MISS"
    /// The handler ran for another request, whose answer this one waited for.
    case collapsed = "COLLAPSED"
    /// The response was looked for, and is none to be stored.
    case pass = "PASS"
    /// The request is none to be answered from the cache.
    case bypass = "BYPASS"

    private var parameters: String {
        switch self {
        case .hit: "hit"
        case .stale: "hit; fwd=stale"
        case .miss: "fwd=uri-miss"
        case .collapsed: "fwd=uri-miss; collapsed"
        case .pass: "fwd=miss"
        case .bypass: "fwd=bypass"
        }
    }

    /// The response with the fields; without its body if the request is a HEAD.
    func marked(_ response: Response, to request: Request? = nil) -> Response {
        var response = request?.method == .head ? response.createHeadResponse() : response
        response.headers[.xCache] = rawValue
        response.headers[.cacheStatus] = "litestack; \(parameters)"
        return response
    }
}

extension HTTPField.Name {
    static var xCache: Self { Self("X-Cache")! }
    static var pragma: Self { Self("Pragma")! }
    static var cacheStatus: Self { Self("Cache-Status")! }
}
#endif
