#if Hummingbird
import HTTPTypes
import Hummingbird
import LiteCable
import LiteStackHummingbird
import Logging
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// Who may open a socket.
struct SocketEntrance: Sendable {
    let gateway: Cable.Gateway
    let path: String
    let origins: Set<String>
    let authorise: @Sendable (Request) async throws -> Cable.Grant?

    enum Answer: Sendable {
        /// With the subprotocol to answer, if the client offered it.
        case open(Cable.Socket, subprotocol: String?)
        case refuse(HTTPResponse.Status, String)
    }

    func answer(to head: HTTPRequestHead, _ logger: Logger) async -> Answer {
        do {
            let request = Request(
                head: try HTTPRequest(head, secure: false, splitCookie: true), body: RequestBody(buffer: .init()))
            guard request.uri.path == path else { return .refuse(.notFound, "notFound") }
            guard isAllowedOrigin(request) else { return .refuse(.forbidden, "foreignOrigin") }
            let asked = try await gateway.cable.cursor()  // a disconnect that comes meanwhile counts
            guard let grant = try await authorise(request) else { return .refuse(.unauthorized, "unauthorised") }
            let chosen = request.uri.queryParameters["connection"].map { Cable.ConnectionID(String($0)) }
            guard let connection = chosen ?? Cable.ConnectionID() else { return .refuse(.badRequest, "invalidCommand") }
            let isOffered = RequestToken.subprotocols(of: request).contains(RequestToken.subprotocol)
            return .open(
                try gateway.socket(for: grant, connection: connection, asked: asked),
                subprotocol: isOffered ? RequestToken.subprotocol : nil)
        } catch let error as CableError {
            return .refuse(error.httpStatus, error.code.description)
        } catch let error as any HTTPResponseError {
            return .refuse(error.status, "refused")
        } catch {
            logger.warning("A client of the cable could not be served", metadata: ["error": "\(error)"])
            return .refuse(.serviceUnavailable, "unavailable")
        }
    }

    /// A page of another site could open a socket with the visitor's cookies: browsers say which page it is.
    private func isAllowedOrigin(_ request: Request) -> Bool {
        guard let origin = request.headers[.origin] else { return true }
        if origins.contains(origin) { return true }
        guard let authority = request.head.authority else { return false }
        return origin == "http://\(authority)" || origin == "https://\(authority)"
    }
}
#endif
