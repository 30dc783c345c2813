/// Who wants which channel: one look for each part of a name, however many listen.
struct PatternTree<Element: AnyObject & Sendable>: Sendable {
    private typealias Elements = [ObjectIdentifier: Element]

    private final class Node {
        var names: [Substring: Node] = [:]
        var any: Node?
        var here: Elements = [:]
        var rest: Elements = [:]

        var isEmpty: Bool { names.isEmpty && any == nil && here.isEmpty && rest.isEmpty }
    }

    // Most listeners name their channels: these need no walk.
    private var exact: [String: Elements] = [:]
    // The tree belongs to one router, which guards it with its lock.
    nonisolated(unsafe) private let root = Node()

    mutating func insert(_ element: Element, for pattern: ChannelPattern) {
        let id = ObjectIdentifier(element)
        if pattern.isExact {
            exact[pattern.text, default: [:]][id] = element
            return
        }
        var node = root
        for part in pattern.parts {
            switch part {
            case .rest:
                node.rest[id] = element
                return
            case .any:
                let next = node.any ?? Node()
                node.any = next
                node = next
            case .name(let name):
                let next = node.names[name] ?? Node()
                node.names[name] = next
                node = next
            }
        }
        node.here[id] = element
    }

    mutating func remove(_ element: Element, for pattern: ChannelPattern) {
        let id = ObjectIdentifier(element)
        if pattern.isExact {
            exact[pattern.text]?[id] = nil
            if exact[pattern.text]?.isEmpty == true { exact[pattern.text] = nil }
            return
        }
        Self.remove(id, pattern.parts[...], from: root)
    }

    private static func remove(_ id: ObjectIdentifier, _ parts: ArraySlice<ChannelPattern.Part>, from node: Node) {
        switch parts.first {
        case nil:
            node.here[id] = nil
        case .rest:
            node.rest[id] = nil
        case .any:
            guard let next = node.any else { return }
            remove(id, parts.dropFirst(), from: next)
            if next.isEmpty { node.any = nil }
        case .name(let name):
            guard let next = node.names[name] else { return }
            remove(id, parts.dropFirst(), from: next)
            if next.isEmpty { node.names[name] = nil }
        }
    }

    /// Calls `body` for everyone who wants the channel, once for each pattern that matches.
    func forEach(matching channel: String, _ body: (Element) -> Void) {
        if let elements = exact[channel] { for element in elements.values { body(element) } }
        guard !root.isEmpty else { return }
        Self.walk(
            root, channel.split(separator: ".", omittingEmptySubsequences: false)[...],
            isFirst: channel.utf8.first == UInt8(ascii: "$"), body)
    }

    /// Whether anybody wants the channel.
    func hasMatch(_ channel: String) -> Bool {
        if exact[channel] != nil { return true }
        var found = false
        if !root.isEmpty { forEach(matching: channel) { _ in found = true } }
        return found
    }

    private static func walk(
        _ node: Node, _ names: ArraySlice<Substring>, isFirst isReserved: Bool, _ body: (Element) -> Void
    ) {
        guard let name = names.first else {
            for element in node.here.values { body(element) }
            return
        }
        let rest = names.dropFirst()
        if !isReserved {
            for element in node.rest.values { body(element) }
            if let next = node.any { walk(next, rest, isFirst: false, body) }
        }
        if let next = node.names[name] { walk(next, rest, isFirst: false, body) }
    }
}
