import Testing

@testable import AtelierApp

@Suite struct ImageHeaderTests {
    @Test func `a PNG tells its size`() {
        #expect(ImageHeader(Samples.png(width: 300, height: 70)) == ImageHeader(type: .png, width: 300, height: 70))
    }

    @Test(arguments: [0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC9, 0xCF] as [UInt8])
    func `a JPEG of every kind of frame tells its size`(frame: UInt8) {
        #expect(
            ImageHeader(Samples.jpegHeader(width: 1200, height: 900, frame: frame))
                == ImageHeader(type: .jpeg, width: 1200, height: 900))
    }

    @Test func `tables, comments, a thumbnail and fill bytes before the frame of a JPEG are stepped over`() {
        let thumbnail = Samples.jpegHeader(width: 8, height: 8)
        let before =
            Samples.jpegSegment(0xE1, thumbnail) + [0xFF, 0xFF] + Samples.jpegSegment(0xFE, [1, 2, 3])
            + Samples.jpegSegment(0xC4, [UInt8](repeating: 0, count: 20)) + Samples.jpegSegment(0xDB, [0])
        let header = ImageHeader(Samples.jpegHeader(width: 640, height: 480, before: before))
        #expect(header == ImageHeader(type: .jpeg, width: 640, height: 480))
    }

    @Test func `a picture that ends inside its header has none, wherever it ends`() {
        let png = Samples.png(width: 3, height: 3)
        for length in 0..<33 { #expect(ImageHeader(Array(png.prefix(length))) == nil) }
        let jpeg = Samples.jpegHeader(width: 3, height: 3, before: Samples.jpegSegment(0xE0, [1, 2, 3, 4]))
        for length in 0..<jpeg.count { #expect(ImageHeader(Array(jpeg.prefix(length))) == nil) }
    }

    @Test func `an empty side, a side above 31 bits and a first chunk that is not the header are refused`() {
        #expect(ImageHeader(Samples.png(header: (0, 5), data: [])) == nil)
        #expect(ImageHeader(Samples.jpegHeader(width: 5, height: 0)) == nil)
        #expect(ImageHeader(Samples.png(header: (0x8000_0000, 5), data: [])) == nil)
        var png = Samples.png(width: 3, height: 3)
        png[12] = UInt8(ascii: "i")
        #expect(ImageHeader(png) == nil)
    }

    @Test func `a JPEG whose data begin before any frame has no header`() {
        let scan = [0xFF, 0xD8] + Samples.jpegSegment(0xDA, [1, 2, 3, 4, 5, 6]) + [UInt8](repeating: 0xFF, count: 64)
        #expect(ImageHeader(scan) == nil)
        #expect(ImageHeader([0xFF, 0xD8, 0xFF, 0xD9, 0, 0, 0, 0]) == nil)
    }

    @Test func `other formats are not pictures, whatever they are called`() {
        #expect(ImageHeader(Samples.svg) == nil)
        #expect(ImageHeader(Samples.mvg) == nil)
        #expect(ImageHeader(Array("GIF89a".utf8) + [UInt8](repeating: 1, count: 64)) == nil)
        #expect(ImageHeader([]) == nil)
    }

    @Test func `no bytes make the reading run out of them`() {
        var generator = SystemRandomNumberGenerator()
        let valid = Samples.jpegHeader(width: 9, height: 9, before: Samples.jpegSegment(0xE0, [1, 2, 3, 4]))
        for _ in 0..<20_000 {
            var bytes = valid
            for _ in 0..<3 { bytes[Int.random(in: 2..<bytes.count, using: &generator)] = .random(in: 0...255) }
            if let header = ImageHeader(bytes) { #expect(header.width > 0 && header.height > 0) }
        }
    }
}
