/// What may be the name of a channel or of an event.
///
/// A channel's name is one or more parts with dots between them, `room.7.typing`. No part is empty, `*` or `>`, which
/// stand for parts in a ``ChannelPattern``. Names that begin with `$` are LiteStack's own. Control characters are
/// refused everywhere: names travel in headers, events and logs.
enum ChannelName {
    static let maximumBytes = 512

    /// - Throws: `CableError` with `invalidChannel`. The message does not hold the name.
    static func check(_ name: String, allowsReserved: Bool = false) throws {
        guard let problem = problem(name, allowsReserved: allowsReserved) else { return }
        throw CableError(.invalidChannel, "Using a channel whose name \(problem)")
    }

    /// - Throws: `CableError` with `invalidEvent`.
    static func checkEvent(_ name: String) throws {
        if name.isEmpty || name.utf8.count > maximumBytes {
            throw CableError(
                .invalidEvent, "Publishing an event whose name has \(name.utf8.count) bytes: it needs 1 to 512")
        }
        guard !hasControl(name) else {
            throw CableError(.invalidEvent, "Publishing an event whose name holds a control character: remove it")
        }
    }

    /// - Throws: `CableError` with `invalidChannel`.
    static func checkConsumer(_ name: String) throws {
        guard (1...maximumBytes).contains(name.utf8.count), !hasControl(name) else {
            throw CableError(
                .invalidChannel, "Using a consumer whose name is empty, too long or holds a control character")
        }
    }

    /// What is wrong with a name, or nil.
    static func problem(_ name: String, allowsReserved: Bool) -> String? {
        let count = name.utf8.count
        guard count >= 1, count <= maximumBytes else { return "has \(count) bytes: it needs 1 to 512" }
        if !allowsReserved, name.utf8.first == UInt8(ascii: "$") {
            return "begins with `$`: such names are LiteStack's own"
        }
        if hasControl(name) { return "holds a control character" }
        var isPartEmpty = true
        var wildcard: UInt8?
        func endsBadly() -> Bool { isPartEmpty || wildcard != nil }
        for byte in name.utf8 {
            if byte == UInt8(ascii: ".") {
                if endsBadly() { return "has a part that is empty, `*` or `>`" }
                isPartEmpty = true
                wildcard = nil
            } else {
                let isWildcard = byte == UInt8(ascii: "*") || byte == UInt8(ascii: ">")
                wildcard = isWildcard && isPartEmpty ? byte : nil
                isPartEmpty = false
            }
        }
        return endsBadly() ? "has a part that is empty, `*` or `>`" : nil
    }

    /// The controls of ASCII and of Latin-1, and the line ends of Unicode.
    static func hasControl(_ text: String) -> Bool {
        var isASCII = true
        for byte in text.utf8 {
            if byte < 0x20 || byte == 0x7f { return true }
            if byte >= 0x80 { isASCII = false }
        }
        if isASCII { return false }
        return text.unicodeScalars.contains { scalar in
            (0x80...0x9f).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
        }
    }
}
