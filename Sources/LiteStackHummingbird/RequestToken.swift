#if Hummingbird
import HTTPTypes
package import Hummingbird

/// The token that a request brings.
package enum RequestToken {
    package static func of(_ request: Request) -> String? {
        if let field = request.headers[.authorization] {
            let prefix = "bearer "
            guard field.lowercased().hasPrefix(prefix) else { return nil }
            return String(field.dropFirst(prefix.count))
        }
        return request.uri.queryParameters["token"].map { String($0) }
    }
}
#endif
