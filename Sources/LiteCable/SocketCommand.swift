#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a client says over a socket: a JSON object with `do` and what belongs to it.
struct SocketCommand: Decodable, Sendable {
    enum Action: String, Decodable, Sendable {
        case subscribe
        case unsubscribe
        case publish
        case ping
    }

    let `do`: Action
    /// The client's name for the subscription or the command, which comes back in the answer.
    let id: String?
    let channels: [String]?
    let presence: [String]?
    let after: String?
    let last: Int?
    /// Milliseconds since 1970.
    let since: Int64?
    let channel: String?
    let event: String?
    let data: JSONValue?
    /// Whether the sender shall not receive it.
    let exclude: Bool?

    /// - Throws: `CableError` with `invalidCommand` or `tooLarge`.
    init(_ text: String, limits: Cable.Gateway.Limits) throws {
        guard text.utf8.count <= limits.maximumCommandBytes else {
            throw CableError(
                .tooLarge, "A client sent \(text.utf8.count) bytes: at most \(limits.maximumCommandBytes) are allowed")
        }
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(text.utf8))
        } catch {
            throw CableError(.invalidCommand, "A client sent what is no command", underlying: error)
        }
        guard (id ?? "x").utf8.count <= 64 else {
            throw CableError(.invalidCommand, "A client sent an id of more than 64 bytes")
        }
    }

    /// Where a subscription begins. A cursor that is none of ours is one of another log.
    var start: Cable.Start {
        get throws {
            if let after { return .after(Cable.Cursor(after) ?? Cable.Cursor(epoch: 0, seq: 0)) }
            if let last {
                guard last >= 0 else { throw CableError(.invalidCommand, "A client asked for less than nothing") }
                return .last(last)
            }
            if let since { return .since(Date(timeIntervalSince1970: Double(since) / 1000)) }
            return .live
        }
    }
}
