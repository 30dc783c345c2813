#if Tokens
import Crypto

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Cable {
    /// Signs channel tokens, and reads them back: a grant in text that a client carries and cannot change.
    ///
    /// A token is `lite1.<key id>.<claims>.<signature>`: claims in JSON and an HMAC-SHA256 over all that stands before
    /// it, both in base64url. Tokens travel in headers and addresses, so keep them short-lived and out of logs; nothing
    /// here writes one into a message.
    public struct SigningKeys: Sendable, CustomStringConvertible {
        /// One key.
        public struct Key: Sendable, CustomStringConvertible {
            /// Its name, which stands in the token: 1 to 32 letters, digits, `-` or `_`.
            public let id: String
            let secret: SymmetricKey

            /// A key.
            ///
            /// - Throws: `CableError` with `invalidKey` for another id, or a secret of fewer than 32 bytes.
            public init(id: String, secret: [UInt8]) throws {
                let isName = id.utf8.allSatisfy { byte in
                    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45
                        || byte == 95
                }
                guard (1...32).contains(id.utf8.count), isName, secret.count >= 32 else {
                    throw CableError(
                        .invalidKey,
                        "Making a signing key: its id needs 1 to 32 letters or digits, its secret 32 bytes or more")
                }
                self.id = id
                self.secret = SymmetricKey(data: secret)
            }

            /// A key that lives as long as this process: its tokens are refused after a restart, and by others.
            public static func ephemeral() -> Key {
                Key(id: "e\(UInt32.random(in: .min ... .max))", secret: SymmetricKey(size: .bits256))
            }

            private init(id: String, secret: SymmetricKey) {
                self.id = id
                self.secret = secret
            }

            /// Its id.
            public var description: String { "key \(id)" }
        }

        /// The longest lifetime of a token.
        public static let maximumLifetime = Duration.seconds(24 * 60 * 60)
        static let maximumTokenBytes = 4_096

        private let current: Key
        private let keys: [String: Key]

        /// Keys.
        ///
        /// - Parameters:
        ///   - current: Signs.
        ///   - previous: Are accepted too. To change the key give every process the new one among these first, then make
        ///     it the current one, and drop the old one when its last token has expired.
        public init(_ current: Key, previous: [Key] = []) {
            self.current = current
            keys = Dictionary(([current] + previous).map { ($0.id, $0) }) { first, _ in first }
        }

        /// The ids.
        public var description: String { "signing keys \(keys.keys.sorted())" }

        private struct Claims: Codable {
            var sub: String
            var ch: [String]
            var may: [String]
            var iat: Int64
            var exp: Int64
            var info: String?
        }

        /// Signs a grant for a client.
        ///
        /// - Parameters:
        ///   - subject: Who it is.
        ///   - channels: Which channels: names or patterns.
        ///   - permissions: Default none: receive only.
        ///   - info: What presence tells of it. Default nothing.
        ///   - lifetime: Default ten minutes, at most a day. Shorter makes a token that leaked worth less; the browser
        ///     client fetches the next one by itself.
        ///   - now: The time.
        /// - Throws: `CableError` with `invalidChannel`, `unencodable`, `invalidKey` for a lifetime that is not allowed, and
        ///   `tooLarge` for a token of more than 4 KiB.
        public func token(
            for subject: String, channels: [String], permissions: Grant.Permissions = [],
            info: (any Encodable)? = nil, lifetime: Duration = .seconds(600), at now: Date = Date()
        ) throws -> String {
            guard lifetime > .zero, lifetime <= Self.maximumLifetime else {
                throw CableError(.invalidKey, "Signing a token for longer than a day, or for no time")
            }
            let told = try info.map { try Cable.encoded($0) }
            _ = try Grant(subject: subject, channels: channels)
            let issued = Int64((now.timeIntervalSince1970 * 1000).rounded(.down))
            let claims = Claims(
                sub: subject, ch: channels,
                may: Grant.Permissions.named.filter { permissions.contains($0.1) }.map(\.0), iat: issued,
                exp: issued + Int64(lifetime / .milliseconds(1)), info: told.map { String(decoding: $0, as: UTF8.self) }
            )
            let signed = "lite1.\(current.id).\(Base64URL.encoded(try Cable.encoded(claims)))"
            let signature = HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: current.secret)
            let token = signed + "." + Base64URL.encoded(Array(signature))
            guard token.utf8.count <= Self.maximumTokenBytes else {
                throw CableError(
                    .tooLarge, "Signing a token of \(token.utf8.count) bytes: at most 4 KiB are allowed. Use patterns")
            }
            return token
        }

        /// The grant in a token.
        ///
        /// - Throws: `CableError` with `unauthorised` if it is no token, was changed, is signed by another key, or has
        ///   expired; with `expired` in that last case.
        public func grant(from token: String, at now: Date = Date()) throws -> Grant {
            let parts = token.split(separator: ".", omittingEmptySubsequences: false)
            guard token.utf8.count <= Self.maximumTokenBytes, parts.count == 4, parts[0] == "lite1",
                let key = keys[String(parts[1])], let signature = Base64URL.decoded(parts[3])
            else { throw Self.refused }
            let signed = Data(token.utf8.prefix(token.utf8.count - parts[3].utf8.count - 1))
            // It compares in constant time, so that nobody can guess a signature byte by byte. Claims that cannot be read
            // are of another release, and refused like any other token that is none of ours.
            guard HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: signed, using: key.secret),
                let bytes = Base64URL.decoded(parts[2]),
                let claims = try? JSONDecoder().decode(Claims.self, from: Data(bytes))
            else { throw Self.refused }
            let milliseconds = Int64((now.timeIntervalSince1970 * 1000).rounded(.down))
            guard milliseconds < claims.exp else {
                throw CableError(.expired, "A client's token has expired: it needs a new one")
            }
            let permissions = Grant.Permissions.named.filter { claims.may.contains($0.0) }.map(\.1)
            return try Grant(
                subject: claims.sub, channels: claims.ch, permissions: Grant.Permissions(permissions),
                info: claims.info.map { Array($0.utf8) },
                expiresAt: Date(timeIntervalSince1970: Double(claims.exp) / 1000),
                issuedAt: Date(timeIntervalSince1970: Double(claims.iat) / 1000))
        }

        private static let refused = CableError(.unauthorised, "A client's token is none of ours, or was changed")
    }
}
#endif
