import Testing

@testable import LiteCable

@Suite struct ChannelPatternTests {
    @Test(arguments: [
        ("a", "a", true), ("a", "b", false), ("a", "a.b", false), ("*", "a", true), ("*", "a.b", false),
        ("a.*.c", "a.b.c", true), ("a.*.c", "a.b.d", false), ("a.*.c", "a.c", false), ("a.*.c", "a.b.c.d", false),
        ("a.>", "a.b", true), ("a.>", "a.b.c", true), ("a.>", "a", false), (">", "a", true), (">", "a.b", true),
        ("*.b", "a.b", true), (">", "$presence.a", false), ("*.a", "$presence.a", false),
        ("$presence.*", "$presence.a", true), ("$presence.>", "$presence.a.b", true), ("ä.*", "ä.ö", true),
    ])
    func `a pattern matches names part by part`(pattern: String, name: String, isMatch: Bool) throws {
        let parsed = try ChannelPattern(pattern)
        #expect(parsed.matches(name) == isMatch)
        // The tree, which serves many patterns at once, is of the same opinion.
        final class Element: Sendable {}
        let (element, other) = (Element(), Element())
        var tree = PatternTree<Element>()
        tree.insert(other, for: try ChannelPattern("x.*.>"))
        tree.insert(element, for: parsed)
        #expect(tree.hasMatch(name) == isMatch)
        tree.remove(element, for: parsed)
        #expect(!tree.hasMatch(name))
        #expect(tree.hasMatch("x.y.z"))
    }

    @Test func `a tree of random patterns finds whom each of them alone would, also after some have left`() throws {
        final class Element: Sendable {
            let pattern: ChannelPattern
            init(_ pattern: ChannelPattern) { self.pattern = pattern }
        }
        func random(_ parts: [String], last: [String] = []) -> String {
            let count = Int.random(in: 1...4)
            return (1...count).map { part in (part == count ? parts + last : parts).randomElement() ?? "a" }
                .joined(separator: ".")
        }
        var tree = PatternTree<Element>()
        var elements = try (0..<300).map { _ in Element(try ChannelPattern(random(["a", "b", "$a", "*"], last: [">"])))
        }
        for element in elements { tree.insert(element, for: element.pattern) }
        for round in 0..<3 {
            for _ in 0..<500 {
                let name = random(["a", "b", "c", "$a"])
                var found: [ObjectIdentifier] = []
                tree.forEach(matching: name) { found.append(ObjectIdentifier($0)) }
                let expected = elements.filter { $0.pattern.matches(name) }.map { ObjectIdentifier($0) }
                #expect(Set(found) == Set(expected), "\(name) in round \(round)")
                #expect(found.count == expected.count, "each once")
                #expect(tree.hasMatch(name) == !expected.isEmpty)
            }
            elements.shuffle()
            for element in elements.prefix(120) { tree.remove(element, for: element.pattern) }
            elements.removeFirst(120 * (round < 2 ? 1 : 0))
        }
    }

    @Test(arguments: [
        ("a.>", "a.b", true), ("a.>", "a.*", true), ("a.>", "a.b.>", true), ("a.>", "a", false), ("a.*", "a.b", true),
        ("a.*", "a.>", false), ("a.*", "a.*", true), ("a.b", "a.*", false), (">", "$presence.a", false),
        ("*", ">", false), (">", ">", true), ("a.*.c", "a.b.c", true), ("a.*.c", "a.>", false),
    ])
    func `a pattern covers another if it matches all that the other does`(
        pattern: String, other: String, covers: Bool
    ) throws {
        #expect(try ChannelPattern(pattern).covers(try ChannelPattern(other)) == covers)
    }

    @Test(arguments: [
        "", ".", "a.", ".a", "a..b", "a\n", "a\u{0}b", "a\u{7f}", "a\u{85}", "a\u{2028}b", ">.a",
        String(repeating: "c", count: 513),
    ])
    func `what is no pattern is refused`(text: String) {
        #expect { try ChannelPattern(text) } throws: { ($0 as? CableError)?.code == .invalidChannel }
    }
}
