#if Hummingbird
import HTTPTypes
import Hummingbird
import NIOCore

/// A request that may be answered from the cache: its key, and what a handler that answers everybody sees of it.
///
/// The handler sees of path and query what is in the key, and nothing of what is left out of it. So whatever a client
/// puts into those parts, it changes nobody else's answer.
struct CacheableRequest: Sendable {
    /// The host in lower case, the path as it was sent, and the listed items of the query.
    let key: String
    /// What ends all that is stored of the host and the path.
    let tag: String
    /// A GET without a body, without the fields in ``hidden``, and without conditions.
    let request: Request

    /// Why a request is not looked up.
    enum Bypass: Error {
        /// It has a cookie or proves who it is, asks for a part, or has a body.
        case request
        /// `Cache-Control: no-store`.
        case noStore
    }

    /// - Throws: ``Bypass``.
    init(_ original: Request, _ options: RouteOptions) throws(Bypass) {
        let headers = original.headers
        for name in [HTTPField.Name.cookie, .authorization] where headers[name] != nil {
            guard options.ignoredFields.contains(name) else { throw .request }
        }
        guard headers[.range] == nil, headers[.transferEncoding] == nil, (headers[.contentLength] ?? "0") == "0" else {
            throw .request
        }
        guard !CacheControl(headers).isNoStore else { throw .noStore }

        let path = original.uri.path
        tag = Self.tag(of: original)
        let query = Self.query(original.uri.query ?? "", names: options.queryNames)
        let target = query.isEmpty ? path : "\(path)?\(query)"
        let authority = Self.authority(of: original)
        // The length first, so that no other host and path together read the same.
        key = "\(authority.utf8.count) \(authority) \(target)"

        var head = original.head
        head.method = .get
        head.path = target
        head.headerFields = headers.filter { !Self.isHidden($0.name, options) }
        request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
    }

    /// The tag of a request's host and path, whatever the query.
    static func tag(of request: Request) -> String {
        let authority = authority(of: request)
        return "lite.http \(authority.utf8.count) \(authority) \(request.uri.path)"
    }

    private static func authority(of request: Request) -> String { request.head.authority?.lowercased() ?? "" }

    /// The listed items, sorted by their names, those of one name in their order. Names are compared as they are sent.
    private static func query(_ query: String, names: Set<String>) -> String {
        guard !names.isEmpty else { return "" }
        let items = query.split(separator: "&").map { ($0.prefix { $0 != "=" }, $0) }
        return items.enumerated().filter { names.contains(String($0.element.0)) }
            .sorted { ($0.element.0, $0.offset) < ($1.element.0, $1.offset) }
            .map { String($0.element.1) }.joined(separator: "&")
    }

    private static func isHidden(_ name: HTTPField.Name, _ options: RouteOptions) -> Bool {
        let text = name.canonicalName
        return options.ignoredFields.contains(name) || hidden.contains(text) || text.hasPrefix("x-forwarded-")
    }

    /// What a proxy or a client says of the way that the request took, which no key holds; and what asks for less than
    /// the whole answer.
    private static let hidden: Set<String> = [
        "forwarded", "via", "x-real-ip", "x-host", "x-original-host", "x-original-url", "x-rewrite-url",
        "x-http-method-override", "x-http-method", "x-method-override", "if-none-match", "if-modified-since",
        "if-match",
        "if-unmodified-since", "if-range",
    ]
}
#endif
