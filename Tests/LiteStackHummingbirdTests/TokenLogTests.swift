#if Hummingbird && Tokens
import Foundation
import Hummingbird
import LiteStack
import LiteStackHummingbird
import LiteStackTesting
import Logging
import NIOHTTP1
import Testing

/// Tokens travel in addresses, so nothing that is logged may name them.
@Suite(.timeLimit(.minutes(5))) struct TokenLogTests {
    @Test func `no token is logged, of streams, of reads, and of those that are refused`() async throws {
        let log = RecordingLog()
        let stack = try await Stack.temporary(logger: log.logger)
        let keys = Cable.SigningKeys(.ephemeral())
        let router = Router()
        router.addCable(Cable.Gateway(stack.cable), keys: keys)
        let good = try keys.token(for: "ada", channels: ["room.7"])
        let expired = try keys.token(
            for: "ada", channels: ["room.7"], lifetime: .seconds(1), at: Date(timeIntervalSinceNow: -60))
        let forged = String(good.dropLast(8)) + "AAAAAAAA"
        try await withServer(router, services: [stack], logger: log.logger) { http, _ in
            let cursor = try await stack.cable.publish("hello", to: "room.7")
            try await http.lines("/cable/events?channel=room.7&after=\(cursor)&token=\(good)") { head, lines in
                #expect(head.status == .ok)
                _ = try await lines.event()
            }
            #expect(try await http.send(.GET, "/cable/messages?channel=room.7&last=1&token=\(good)").status != 401)
            for token in [expired, forged] {
                let answer = try await http.send(.GET, "/cable/events?channel=room.7&token=\(token)")
                #expect(answer.status == 401)
                let read = try await http.send(
                    .GET, "/cable/messages?channel=room.7", headers: [("Authorization", "Bearer \(token)")])
                #expect(read.status == 401)
            }
        }
        let text = log.entries.map { "\($0.message) \($0.metadata)" }.joined(separator: "\n")
        #expect(!text.isEmpty)
        for token in [good, expired, forged] {
            // Neither the whole nor its parts: what it grants, and the signature.
            for part in token.split(separator: ".").suffix(2) { #expect(!text.contains(part)) }
        }
    }
}
#endif
