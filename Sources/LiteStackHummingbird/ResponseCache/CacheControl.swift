#if Hummingbird
import HTTPTypes

/// The directives of `Cache-Control` that a shared cache acts on (RFC 9111 §5.2, RFC 5861). Times are in seconds.
struct CacheControl: Sendable, Equatable {
    var isPublic = false
    /// `no-store`, `no-cache` or `private`, also those that name single fields.
    var isForbidden = false
    var isNoStore = false
    var isOnlyIfCached = false
    var mustRevalidate = false
    var maxAge: Int?
    var sharedMaxAge: Int?
    var staleWhileRevalidate = 0
    var staleIfError = 0

    init(_ headers: HTTPFields) {
        for part in HTTPList.items(of: headers[values: .cacheControl]) {
            let pair = part.split(separator: "=", maxSplits: 1)
            let name = pair.first?.lowercased() ?? ""
            let seconds = pair.count > 1 ? Self.seconds(pair[1]) : 0
            switch name {
            case "public": isPublic = true
            case "no-store": (isForbidden, isNoStore) = (true, true)
            case "no-cache", "private": isForbidden = true
            case "must-revalidate", "proxy-revalidate": mustRevalidate = true
            case "only-if-cached": isOnlyIfCached = true
            // Of two that disagree the shorter counts (§4.2.1).
            case "max-age": maxAge = min(maxAge ?? .max, seconds)
            case "s-maxage": sharedMaxAge = min(sharedMaxAge ?? .max, seconds)
            case "stale-while-revalidate": staleWhileRevalidate = seconds
            case "stale-if-error": staleIfError = seconds
            default: break
            }
        }
        if mustRevalidate { (staleWhileRevalidate, staleIfError) = (0, 0) }
    }

    /// A number of seconds, perhaps in quotes; what cannot be read counts as none, so that nothing is kept too long.
    private static func seconds(_ text: Substring) -> Int {
        let digits = text.filter { $0 != "\"" }
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return 0
        }
        // Larger than can be represented is 2³¹ (§1.2.2).
        return min(Int(digits) ?? .max, 1 << 31)
    }
}
#endif
