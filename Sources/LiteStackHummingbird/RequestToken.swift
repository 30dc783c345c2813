#if Hummingbird
import HTTPTypes
package import Hummingbird

/// The token that a request brings: in the field `Authorization`, among the subprotocols that a WebSocket offers, or in the
/// query.
package enum RequestToken {
    /// The subprotocol that is spoken.
    package static let subprotocol = "litecable"
    /// What comes before a token among the subprotocols. Browsers can set no other field of a WebSocket's request.
    private static let prefix = "litecable.token."

    /// What a WebSocket offers to speak.
    package static func subprotocols(of request: Request) -> [String] {
        guard let field = request.headers[.secWebSocketProtocol] else { return [] }
        return field.split { $0 == "," || $0 == " " || $0 == "\t" }.map { String($0) }
    }

    package static func of(_ request: Request) -> String? {
        if let field = request.headers[.authorization] {
            let prefix = "bearer "
            guard field.lowercased().hasPrefix(prefix) else { return nil }
            return String(field.dropFirst(prefix.count))
        }
        if let offered = subprotocols(of: request).first(where: { $0.hasPrefix(prefix) }) {
            return String(offered.dropFirst(prefix.count))
        }
        return request.uri.queryParameters["token"].map { String($0) }
    }
}
#endif
