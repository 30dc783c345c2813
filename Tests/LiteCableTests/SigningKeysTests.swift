#if Tokens
import Foundation
import LiteCable
import Testing

@Suite struct SigningKeysTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func key(_ id: String, _ byte: UInt8) throws -> Cable.SigningKeys.Key {
        try Cable.SigningKeys.Key(id: id, secret: [UInt8](repeating: byte, count: 32))
    }

    @Test func `a token holds its grant`() throws {
        let keys = Cable.SigningKeys(try key("k1", 1))
        let token = try keys.token(
            for: "user 7", channels: ["room.7", "news.>"], permissions: [.presence, .replay], info: ["name": "Ada"],
            lifetime: .seconds(60), at: now)
        #expect(token.hasPrefix("lite1.k1."))
        let grant = try keys.grant(from: token, at: now.addingTimeInterval(59))
        #expect(grant.subject == "user 7")
        #expect(grant.channels == ["room.7", "news.>"])
        #expect(grant.permissions == [.presence, .replay])
        #expect(grant.info == Array(#"{"name":"Ada"}"#.utf8))
        #expect(grant.expiresAt == now.addingTimeInterval(60))
        #expect(grant.issuedAt == now)
    }

    @Test func `a token counts until it expires`() throws {
        let keys = Cable.SigningKeys(try key("k1", 1))
        let token = try keys.token(for: "a", channels: ["a"], lifetime: .seconds(60), at: now)
        #expect { try keys.grant(from: token, at: now.addingTimeInterval(60)) } throws: {
            ($0 as? CableError)?.code == .expired
        }
    }

    @Test func `a changed token is refused, whichever of its letters was changed`() throws {
        let keys = Cable.SigningKeys(try key("k1", 1))
        let token = try keys.token(for: "a", channels: ["a"], at: now)
        for index in token.indices {
            var changed = token
            let other: Character = token[index] == "A" ? "B" : "A"
            changed.replaceSubrange(index...index, with: String(other))
            #expect { try keys.grant(from: changed, at: now) } throws: { ($0 as? CableError)?.code == .unauthorised }
        }
    }

    @Test(arguments: [
        "", "lite1", "lite1...", "lite1.k1..", "lite1.k1.e30.", "x.k1.e30.AAAA", "lite1.k1.e30.AAAA.AAAA",
        String(repeating: ".", count: 10_000),
    ])
    func `what is no token is refused`(text: String) throws {
        let keys = Cable.SigningKeys(try key("k1", 1))
        #expect { try keys.grant(from: text, at: now) } throws: { ($0 as? CableError)?.code == .unauthorised }
    }

    @Test func `keys are changed without refusing anybody`() throws {
        let (old, new) = (try key("old", 1), try key("new", 2))
        let token = try Cable.SigningKeys(old).token(for: "a", channels: ["a"], at: now)
        #expect(try Cable.SigningKeys(new, previous: [old]).grant(from: token, at: now).subject == "a")
        #expect { try Cable.SigningKeys(new).grant(from: token, at: now) } throws: {
            ($0 as? CableError)?.code == .unauthorised
        }
        // A key of the same name with another secret is another key.
        #expect { try Cable.SigningKeys(try key("old", 2)).grant(from: token, at: now) } throws: {
            ($0 as? CableError)?.code == .unauthorised
        }
    }

    @Test func `weak keys and long lives are refused, and no key is printed`() throws {
        #expect { try Cable.SigningKeys.Key(id: "k", secret: [1, 2, 3]) } throws: {
            ($0 as? CableError)?.code == .invalidKey
        }
        #expect { try Cable.SigningKeys.Key(id: "a.b", secret: [UInt8](repeating: 1, count: 32)) } throws: {
            ($0 as? CableError)?.code == .invalidKey
        }
        let keys = Cable.SigningKeys(try key("k1", 7))
        #expect { try keys.token(for: "a", channels: ["a"], lifetime: .seconds(86_401), at: now) } throws: {
            ($0 as? CableError)?.code == .invalidKey
        }
        #expect("\(keys)" == #"signing keys ["k1"]"#)
        #expect("\(try key("k1", 7))" == "key k1")
    }
}
#endif
