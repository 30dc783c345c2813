/// The kinds of picture that are taken, and the names under which ImageMagick and browsers know them.
enum ImageType: String, Sendable {
    case png
    case jpeg

    /// ImageMagick's prefix: what is behind it is read as this and as nothing else.
    var prefix: String { "\(rawValue):" }

    var mediaType: String { "image/\(rawValue)" }
}
