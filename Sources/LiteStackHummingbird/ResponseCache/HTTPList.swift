#if Hummingbird
/// Fields that are lists (RFC 9110 §5.6.1).
enum HTTPList {
    /// The items, without the space around them. A comma in quotes belongs to its item.
    static func items(of values: [String]) -> [Substring] {
        var items: [Substring] = []
        for value in values {
            var (start, isQuoted, isEscaped) = (value.startIndex, false, false)
            for index in value.indices {
                switch value[index] {
                case _ where isEscaped: isEscaped = false
                case "\\" where isQuoted: isEscaped = true
                case "\"": isQuoted.toggle()
                case "," where !isQuoted:
                    items.append(value[start..<index])
                    start = value.index(after: index)
                default: break
                }
            }
            items.append(value[start...])
        }
        return items.map(trimmed).filter { !$0.isEmpty }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        func isSpace(_ character: Character) -> Bool { character == " " || character == "\t" }
        var text = text.drop(while: isSpace)
        while let last = text.last, isSpace(last) { text.removeLast() }
        return text
    }
}
#endif
