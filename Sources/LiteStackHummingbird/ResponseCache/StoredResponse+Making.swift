#if Hummingbird
import HTTPTypes
import Hummingbird
import LiteDB
import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension StoredResponse {
    /// How long a response may be used, if it may be stored at all.
    struct Times: Equatable {
        /// Milliseconds, as all of them.
        var age: Int64
        var lifetime: Int64
        var staleWhileRevalidate: Int64
        var staleIfError: Int64
    }

    /// RFC 9111 §3, and what the route says.
    ///
    /// - Parameters:
    ///   - response: What the handler answered.
    ///   - standard: The route's lifetime; nil if a response has to ask for being stored.
    ///   - now: Milliseconds since 1970.
    /// - Returns: Nil if it may not be stored.
    static func times(of response: Response, standard: Duration?, at now: Int64) -> Times? {
        let (headers, control) = (response.headers, CacheControl(response.headers))
        guard !control.isForbidden, headers[.setCookie] == nil, headers[.contentRange] == nil else { return nil }
        guard control.isPublic || control.sharedMaxAge != nil || standard != nil else { return nil }
        // An answer that asks for revalidation in the old way, and says nothing in the new one (§5.4).
        if headers[.cacheControl] == nil, headers[.pragma]?.lowercased() == "no-cache" { return nil }
        let explicit = control.sharedMaxAge ?? control.maxAge ?? expiry(headers, at: now)
        switch response.status.code {
        case 200, 203, 204, 300, 301, 308: break
        // Only those that say themselves how long they hold.
        case 302, 307, 404, 410: if explicit == nil { return nil }
        default: return nil
        }
        let variesBy = variesBy(headers)
        // Any value of a cookie is another variant, and what a request proves itself with is not for a cache to keep.
        guard !variesBy.contains(where: { $0 == "*" || $0 == "cookie" || $0 == "authorization" }) else { return nil }
        guard let lifetime = explicit.map({ Int64($0) * 1000 }) ?? standard.map(\.wholeMilliseconds) else { return nil }
        let age = min(headers[.age].flatMap(Int64.init).map { max(0, $0) } ?? 0, 1 << 31) * 1000
        guard lifetime > age else { return nil }
        return Times(
            age: age, lifetime: lifetime, staleWhileRevalidate: Int64(control.staleWhileRevalidate) * 1000,
            staleIfError: Int64(control.staleIfError) * 1000)
    }

    /// `Expires` less `Date` (§4.2.1); a date that cannot be read is over (§5.3).
    private static func expiry(_ headers: HTTPFields, at now: Int64) -> Int? {
        guard let text = headers[.expires] else { return nil }
        guard let expires = HTTPDate.seconds(text) else { return 0 }
        return Int(expires - (headers[.date].flatMap { HTTPDate.seconds($0) } ?? now / 1000))
    }

    /// The names in `Vary`, in lower case.
    static func variesBy(_ headers: HTTPFields) -> [String] {
        let names = HTTPList.items(of: headers[values: .vary])
        return Set(names.map { $0.lowercased() }).sorted()
    }

    /// - Parameters:
    ///   - response: What the handler answered.
    ///   - request: The header of the request that it answers.
    ///   - body: Its body.
    ///   - tag: An entity tag for it, if it has none.
    ///   - times: How long it may be used.
    ///   - now: Milliseconds since 1970.
    init(_ response: Response, to request: HTTPFields, body: ByteBuffer, tag: String, _ times: Times, at now: Int64) {
        var headers = response.headers
        if headers[.eTag] == nil, response.status == .ok { headers[.eTag] = tag }
        status = response.status.code
        let dropped = Self.namesOfTheConnection(headers)
        fields = headers.compactMap { field in
            let name = field.name.canonicalName
            return dropped.contains(name) ? nil : Field(name: name, value: field.value)
        }
        variant = Self.variesBy(headers).map { name in
            Field(name: name, value: HTTPField.Name(name).flatMap { Self.value(of: $0, in: request) })
        }
        self.body = Data(body.readableBytesView)
        name = nil
        madeAt = now - times.age
        lifetime = times.lifetime
        staleWhileRevalidate = times.staleWhileRevalidate
        staleIfError = times.staleIfError
    }

    /// What concerns one connection only (RFC 9111 §3.1, RFC 9110 §7.6.1), and what is counted anew for each answer.
    private static func namesOfTheConnection(_ headers: HTTPFields) -> Set<String> {
        let named = HTTPList.items(of: headers[values: .connection])
        return Set(named.map { $0.lowercased() }).union([
            "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
            "proxy-authenticate", "proxy-authentication-info", "proxy-authorization", "content-length", "age",
            "set-cookie", "x-cache", "cache-status",
        ])
    }
}
#endif
