/// Which channels are meant: an exact name, or one with `*` for any one part and `>` at the end for one or more parts.
///
/// `room.*.typing` matches `room.7.typing`; `room.>` matches `room.7` and `room.7.typing`, and not `room`. A wildcard
/// in the first part matches no name that begins with `$`: who listens to everything does not listen to LiteStack's own.
struct ChannelPattern: Sendable, Hashable {
    enum Part: Sendable, Hashable {
        case name(Substring)
        case any
        case rest
    }

    let text: String
    let parts: [Part]
    /// Whether it is one channel.
    let isExact: Bool

    /// - Throws: `CableError` with `invalidChannel`.
    init(_ text: String) throws {
        let names = text.split(separator: ".", omittingEmptySubsequences: false)
        var parts: [Part] = []
        parts.reserveCapacity(names.count)
        for (index, name) in names.enumerated() {
            switch name {
            case "*": parts.append(.any)
            case ">" where index == names.count - 1: parts.append(.rest)
            default: parts.append(.name(name))
            }
        }
        let literal = parts.map { part in if case .name(let name) = part { String(name) } else { "x" } }
        try ChannelName.check(literal.joined(separator: "."), allowsReserved: true)
        guard text.utf8.count <= ChannelName.maximumBytes else {
            throw CableError(.invalidChannel, "Subscribing to a pattern of more than 512 bytes")
        }
        self.text = text
        self.parts = parts
        isExact = parts.allSatisfy { part in if case .name = part { true } else { false } }
    }

    /// Whether a channel of this name is meant.
    func matches(_ channel: String) -> Bool {
        if isExact { return channel == text }
        return Self.matches(parts[...], channel.split(separator: ".", omittingEmptySubsequences: false)[...])
    }

    private static func matches(_ parts: ArraySlice<Part>, _ names: ArraySlice<Substring>) -> Bool {
        if let first = names.first, first.utf8.first == UInt8(ascii: "$"), parts.first != .name(first) { return false }
        var names = names
        for part in parts {
            guard let name = names.first else { return false }
            switch part {
            case .name(let wanted): guard wanted == name else { return false }
            case .any: break
            case .rest: return true
            }
            names = names.dropFirst()
        }
        return names.isEmpty
    }

    /// Whether every channel that `other` matches is matched by this.
    func covers(_ other: ChannelPattern) -> Bool {
        if case .name(let name)? = other.parts.first, name.utf8.first == UInt8(ascii: "$"), parts.first != .name(name) {
            return false
        }
        var index = 0
        for part in parts {
            guard index < other.parts.count else { return false }
            switch (part, other.parts[index]) {
            case (.rest, _): return true
            case (_, .rest): return false
            case (.any, _): break
            case (.name(let own), .name(let name)): guard own == name else { return false }
            case (.name, .any): return false
            }
            index += 1
        }
        return index == other.parts.count
    }
}
