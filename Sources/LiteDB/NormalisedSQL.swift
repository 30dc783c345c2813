/// Turns SQL into a form that is the same for all runs of one statement, and that holds no user's value.
///
/// Strings, numbers and blobs become `?`, comments vanish, white space folds to one space, lists of `?` to one.
enum NormalisedSQL {
    static func text(of sql: String) -> String {
        var output: [UInt8] = []
        let input = Array(sql.utf8)
        output.reserveCapacity(input.count)
        var index = 0
        while index < input.count {
            index = consume(input, at: index, into: &output)
        }
        while output.last == UInt8(ascii: " ") || output.last == UInt8(ascii: ";") { output.removeLast() }
        return String(decoding: output, as: UTF8.self)
    }

    /// Reads one token and gives the index behind it.
    private static func consume(_ input: [UInt8], at start: Int, into output: inout [UInt8]) -> Int {
        let byte = input[start]
        let next = start + 1 < input.count ? input[start + 1] : 0
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
            space(&output)
            return start + 1
        case UInt8(ascii: "-") where next == UInt8(ascii: "-"):
            space(&output)
            return input[start...].firstIndex(of: UInt8(ascii: "\n")) ?? input.count
        case UInt8(ascii: "/") where next == UInt8(ascii: "*"):
            space(&output)
            var end = start + 2
            while end + 1 < input.count, !(input[end] == UInt8(ascii: "*") && input[end + 1] == UInt8(ascii: "/")) {
                end += 1
            }
            return min(end + 2, input.count)
        case UInt8(ascii: "'"):
            if let last = output.last, last == UInt8(ascii: "x") || last == UInt8(ascii: "X"), isBlobPrefix(output) {
                output.removeLast()
            }
            placeholder(&output)
            return endOfQuoted(input, from: start)
        case UInt8(ascii: "\""), UInt8(ascii: "`"):
            let end = endOfQuoted(input, from: start)
            output += input[start..<end]
            return end
        case UInt8(ascii: "0")...UInt8(ascii: "9") where !isWord(output.last):
            placeholder(&output)
            var end = start + 1
            while end < input.count, isWord(input[end]) || input[end] == UInt8(ascii: ".") { end += 1 }
            return end
        case UInt8(ascii: "?"):
            placeholder(&output)
            return start + 1
        case UInt8(ascii: ","):
            // Else `1 , 2` would not fold as `1, 2` does.
            if output.last == UInt8(ascii: " ") { output.removeLast() }
            output.append(byte)
            return start + 1
        default:
            output.append(byte)
            return start + 1
        }
    }

    private static func space(_ output: inout [UInt8]) {
        if let last = output.last, last != UInt8(ascii: " "), last != UInt8(ascii: "(") {
            output.append(UInt8(ascii: " "))
        }
    }

    /// Appends `?`, unless it would only lengthen a list of them.
    private static func placeholder(_ output: inout [UInt8]) {
        if output.suffix(3).elementsEqual("?, ".utf8) {
            output.removeLast(2)
        } else if output.suffix(2).elementsEqual("?,".utf8) {
            output.removeLast()
        } else {
            output.append(UInt8(ascii: "?"))
        }
    }

    private static func endOfQuoted(_ input: [UInt8], from start: Int) -> Int {
        let quote = input[start]
        var index = start + 1
        while index < input.count {
            if input[index] == quote {
                if index + 1 < input.count, input[index + 1] == quote {
                    index += 1
                } else {
                    return index + 1
                }
            }
            index += 1
        }
        return input.count
    }

    private static func isBlobPrefix(_ output: [UInt8]) -> Bool {
        output.count < 2 || !isWord(output[output.count - 2])
    }

    private static func isWord(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"), 128...255:
            return true
        default: return false
        }
    }
}
