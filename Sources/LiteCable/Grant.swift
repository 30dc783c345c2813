#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Cable {
    /// What a client may do: what a signed token says, or what your own code has found out about a request.
    ///
    /// Without a grant everything is refused.
    public struct Grant: Sendable, Hashable {
        /// What a client may do beside receiving what is new on the channels that it names.
        public struct Permissions: OptionSet, Sendable, Hashable {
            /// The set as a number.
            public let rawValue: Int

            /// A set from its number.
            public init(rawValue: Int) {
                self.rawValue = rawValue
            }

            /// Publish to the channels. Off by default: a page rather asks your server to do something.
            public static let publish = Self(rawValue: 1)
            /// Be present on the channels, and see who is.
            public static let presence = Self(rawValue: 2)
            /// Subscribe to patterns, as far as a pattern of the grant covers them.
            public static let patterns = Self(rawValue: 4)
            /// Begin at a time, with the last messages, or arbitrarily far back.
            public static let replay = Self(rawValue: 8)

            static let named: [(String, Self)] = [
                ("publish", .publish), ("presence", .presence), ("patterns", .patterns), ("replay", .replay),
            ]
        }

        /// Who the client is: what `disconnect(subject:)` names, and the member that it is in presence.
        public let subject: String
        /// Which channels it may use: names or patterns.
        public let channels: [String]
        /// What else it may do.
        public let permissions: Permissions
        /// What the others are told of it in presence: JSON. Nil tells nothing.
        public let info: [UInt8]?
        /// When it ends, and with it every stream that it opened. Nil: never.
        public let expiresAt: Date?
        /// When it was given, such as the time of the login. One from before `disconnect(subject:)` is refused, and so is
        /// any that is older than 400 days, for which disconnects are kept. Nil: it was given just now.
        public let issuedAt: Date?
        let patterns: [ChannelPattern]

        /// A grant.
        ///
        /// - Parameters:
        ///   - subject: 1 to 256 bytes, without control characters.
        ///   - channels: Names, or patterns, which stand for the channels that they match.
        ///   - permissions: Default none: receive only.
        ///   - info: For presence, as JSON. Default none.
        ///   - expiresAt: Default never.
        ///   - issuedAt: Default just now.
        /// - Throws: `CableError` with `invalidChannel`, or `unencodable` for an info that is not JSON.
        public init(
            subject: String, channels: [String], permissions: Permissions = [], info: [UInt8]? = nil,
            expiresAt: Date? = nil, issuedAt: Date? = nil
        ) throws {
            guard (1...256).contains(subject.utf8.count), !ChannelName.hasControl(subject) else {
                throw CableError(
                    .invalidChannel, "Granting to a subject that is empty, too long or holds a control character")
            }
            if let info, (try? JSONDecoder().decode(JSONValue.self, from: Data(info))) == nil {
                throw CableError(.unencodable, "Granting with an info that is not JSON")
            }
            patterns = try channels.map { try ChannelPattern($0) }
            self.subject = subject
            self.channels = channels
            self.permissions = permissions
            self.info = info
            self.expiresAt = expiresAt
            self.issuedAt = issuedAt
        }

        /// Whether the client may receive these channels.
        ///
        /// - Throws: `CableError` with `forbidden` or `invalidChannel`.
        func check(subscribingTo wanted: [ChannelPattern]) throws {
            for pattern in wanted {
                guard pattern.text.utf8.first != UInt8(ascii: "$") else { throw Self.forbidden("a reserved channel") }
                guard pattern.isExact || permissions.contains(.patterns) else { throw Self.forbidden("a pattern") }
                guard patterns.contains(where: { $0.covers(pattern) }) else { throw Self.forbidden("a channel") }
            }
        }

        /// Whether the client may be present there.
        func check(presenceOn channels: [String]) throws {
            guard channels.isEmpty || permissions.contains(.presence) else { throw Self.forbidden("presence") }
            for channel in channels { try check(naming: channel) }
        }

        /// Whether the client may publish there.
        func check(publishingTo channel: String) throws {
            guard permissions.contains(.publish) else { throw Self.forbidden("publishing") }
            try check(naming: channel)
        }

        func check(_ start: Start) throws {
            switch start {
            case .live, .after: return
            case .since, .last:
                guard permissions.contains(.replay) else { throw Self.forbidden("replay") }
            }
        }

        private func check(naming channel: String) throws {
            try ChannelName.check(channel)
            guard patterns.contains(where: { $0.matches(channel) }) else { throw Self.forbidden("a channel") }
        }

        private static func forbidden(_ what: String) -> CableError {
            CableError(.forbidden, "A client asked for \(what) that its grant does not allow")
        }
    }
}
