import Testing

@testable import AtelierApp

@Suite struct UploadTests {
    @Test func `a picture within the limits is taken with its title and style`() throws {
        let upload = try Upload(bytes: Samples.png(width: 30, height: 20), title: "  A  ship ", style: "oil")
        #expect(upload.title == "A ship")
        #expect(upload.style == .oil)
        #expect(upload.header == ImageHeader(type: .png, width: 30, height: 20))
    }

    @Test func `25 megapixels are taken and one row more is not`() throws {
        _ = try Upload(bytes: Samples.png(header: (5000, 5000), data: []), title: nil, style: "oil")
        #expect(throws: UploadRefusal.tooManyPixels(width: 5000, height: 5001)) {
            try Upload(bytes: Samples.png(header: (5000, 5001), data: []), title: nil, style: "oil")
        }
    }

    @Test func `sizes whose product would overflow are refused`() {
        #expect(throws: UploadRefusal.tooManyPixels(width: 0x7FFF_FFFF, height: 0x7FFF_FFFF)) {
            try Upload(bytes: Samples.png(header: (0x7FFF_FFFF, 0x7FFF_FFFF), data: []), title: nil, style: "oil")
        }
    }

    @Test func `a byte above 5 MiB is too many`() throws {
        let picture = Samples.png(width: 30, height: 20)
        let padding = [UInt8](repeating: 0, count: Upload.maximumBytes - picture.count)
        _ = try Upload(bytes: picture + padding, title: nil, style: "oil")
        #expect(throws: UploadRefusal.tooManyBytes) {
            try Upload(bytes: picture + padding + [0], title: nil, style: "oil")
        }
    }

    @Test(arguments: [Samples.svg, Samples.mvg, []])
    func `what is not a picture is refused`(bytes: [UInt8]) {
        #expect(throws: UploadRefusal.notAPicture) { try Upload(bytes: bytes, title: nil, style: "oil") }
    }

    @Test(arguments: [nil, "", "OIL", "-write", "oil;id"])
    func `a style that is not on the list is refused`(style: String?) {
        #expect(throws: UploadRefusal.unknownStyle) {
            try Upload(bytes: Samples.png(width: 3, height: 3), title: nil, style: style)
        }
    }
}
