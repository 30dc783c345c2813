/// What the first bytes of a picture say about it, read without decoding anything.
struct ImageHeader: Sendable, Hashable {
    let type: ImageType
    let width: Int
    let height: Int

    var pixelCount: Int { width * height }

    /// Reads the header of a PNG or a JPEG; nil if the bytes are neither, or end too early.
    init?(_ bytes: [UInt8]) {
        guard let header = ImageHeader(png: bytes) ?? ImageHeader(jpeg: bytes) else { return nil }
        guard header.width > 0, header.height > 0 else { return nil }
        self = header
    }

    init(type: ImageType, width: Int, height: Int) {
        self.type = type
        self.width = width
        self.height = height
    }
}
