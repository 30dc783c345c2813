/// A picture that somebody sent, after everything that can be checked without decoding it was checked.
struct Upload: Sendable {
    static let maximumBytes = 5 << 20
    static let maximumPixelCount = 25_000_000
    /// ImageMagick's policy has the same limit for a side.
    static let maximumSide = 16_000

    let title: String
    let style: PictureStyle
    let header: ImageHeader
    let bytes: [UInt8]

    /// Checks what was sent.
    ///
    /// - Throws: `UploadRefusal`.
    init(bytes: [UInt8], title: String?, style: String?) throws {
        guard let style = style.flatMap(PictureStyle.init(rawValue:)) else { throw UploadRefusal.unknownStyle }
        guard bytes.count <= Self.maximumBytes else { throw UploadRefusal.tooManyBytes }
        guard let header = ImageHeader(bytes) else { throw UploadRefusal.notAPicture }
        guard header.width <= Self.maximumSide, header.height <= Self.maximumSide,
            header.pixelCount <= Self.maximumPixelCount
        else { throw UploadRefusal.tooManyPixels(width: header.width, height: header.height) }
        self.bytes = bytes
        self.header = header
        self.style = style
        self.title = PictureTitle.cleaned(title)
    }
}
