#if Hummingbird
package import HTTPTypes
import Hummingbird
package import LiteCable
import Logging
import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The routes of a cable.
struct CableRoutes<Context: RequestContext>: Sendable {
    let gateway: Cable.Gateway
    let authorise: @Sendable (Request, Context) async throws -> Cable.Grant

    func events(_ request: Request, _ context: Context) async -> Response {
        await answer(request, context) {
            let (grant, query, asked) = try await entry(of: request, context)
            let session = try await gateway.session(
                for: grant, channels: query.channels, from: EventStream.start(of: request) ?? query.start ?? .live,
                presence: query.presence, connection: query.connection ?? Cable.ConnectionID(), asked: asked)
            return EventStream.response(to: request, session) { WireFormat($0).serverSentEvent }
        }
    }

    func messages(_ request: Request, _ context: Context) async -> Response {
        await answer(request, context) {
            let (grant, query, asked) = try await entry(of: request, context)
            let limit = min(max(query.limit ?? 100, 1), 1_000)
            let (events, cursor) = try await gateway.read(
                for: grant, channels: query.channels, from: query.start ?? .live, limit: limit,
                asked: asked)
            var body = Array(#"{"cursor":"\#(cursor)","events":["#.utf8)
            for (index, event) in events.enumerated() {
                if index > 0 { body.append(UInt8(ascii: ",")) }
                body += WireFormat(event).json(subscription: nil)
            }
            body += Array("]}".utf8)
            return Response(
                status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
        }
    }

    /// The place is taken before anybody is asked: a disconnect that comes while your code looks the client up counts.
    private func entry(
        of request: Request, _ context: Context
    ) async throws -> (grant: Cable.Grant, query: CableQuery, asked: Cable.Cursor) {
        let asked = try await gateway.cable.cursor()
        return (try await authorise(request, context), try CableQuery(request), asked)
    }

    /// A refusal is an answer: its code, and nothing that the client does not know already.
    private func answer(
        _ request: Request, _ context: Context, _ body: () async throws -> Response
    ) async -> Response {
        do {
            return try await body()
        } catch let error as CableError {
            return refusal(error.code.description, error.httpStatus)
        } catch let error as any HTTPResponseError {
            return refusal("refused", error.status)
        } catch {
            context.logger.warning("A client of the cable could not be served", metadata: ["error": "\(error)"])
            return refusal("unavailable", .serviceUnavailable)
        }
    }

    private func refusal(_ code: String, _ status: HTTPResponse.Status) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: #"{"error":"\#(code)"}"#)))
    }
}

/// What a request asks for.
struct CableQuery {
    var channels: [String]
    var presence: [String]
    var start: Cable.Start?
    var limit: Int?
    /// The connection that the client has chosen, so that it is not sent what it published itself.
    var connection: Cable.ConnectionID?

    /// - Throws: `CableError` with `invalidCommand`.
    init(_ request: Request) throws {
        let query = request.uri.queryParameters
        channels = query.getAll("channel").map { String($0) }
        presence = query.getAll("presence").map { String($0) }
        limit = try query["limit"].map { try Self.number($0) }
        if let text = query["connection"] {
            guard let connection = Cable.ConnectionID(String(text)) else { throw CableError.badQuery }
            self.connection = connection
        }
        if let after = query["after"] {
            start = .after(Cable.Cursor(String(after)) ?? EventStream.unknown)
        } else if let last = query["last"] {
            start = .last(try Self.number(last))
        } else if let since = query["since"] {
            start = .since(Date(timeIntervalSince1970: Double(try Self.number(since)) / 1000))
        }
    }

    private static func number(_ text: Substring) throws -> Int {
        guard let number = Int(text), number >= 0 else { throw CableError.badQuery }
        return number
    }
}

extension CableError {
    static var noGrant: CableError { .init(refusing: .unauthorised, "A client brought no grant") }
    static var badQuery: CableError { .init(refusing: .invalidCommand, "A client's query has a value that cannot be") }

    /// The status of an answer that refuses a client for this reason.
    package var httpStatus: HTTPResponse.Status {
        switch code {
        case .unauthorised, .expired: .unauthorized
        case .forbidden: .forbidden
        case .overLimit: .tooManyRequests
        case .tooLarge: .contentTooLarge
        case .invalidChannel, .invalidEvent, .invalidCommand: .badRequest
        default: .serviceUnavailable
        }
    }
}
#endif
