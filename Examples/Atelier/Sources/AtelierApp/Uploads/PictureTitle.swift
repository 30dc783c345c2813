/// Titles, which are any text: they are escaped where they are shown, and never part of a command or a file name.
enum PictureTitle {
    static let maximumLength = 80

    /// One line without control characters, at most ``maximumLength`` characters; "Untitled" if nothing is left.
    static func cleaned(_ title: String?) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in (title ?? "").unicodeScalars.prefix(4 * maximumLength) {
            scalars.append(isControl(scalar) ? " " : scalar)
        }
        let words = String(scalars).split(whereSeparator: \.isWhitespace)
        let line = String(words.joined(separator: " ").prefix(maximumLength))
        return line.isEmpty ? "Untitled" : line
    }

    /// Control characters, and those that turn the direction of the text behind them.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x202A...0x202E, 0x2066...0x2069: true
        default: scalar.properties.generalCategory == .control
        }
    }
}
