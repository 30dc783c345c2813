@testable import AtelierApp

/// Bytes to send.
enum Samples {
    /// A PNG in grey: the given size in its header, and `rows` rows of data, each of one colour, stored uncompressed.
    static func png(width: Int, height: Int, rows: Int? = nil, chunks: [[UInt8]] = []) -> [UInt8] {
        let lines = (0..<(rows ?? height)).map { row in
            [0] + [UInt8](repeating: UInt8(truncatingIfNeeded: row * 3), count: width)
        }
        return png(header: (width, height), data: stored(Array(lines.joined())), chunks: chunks)
    }

    /// A PNG with any compressed data.
    static func png(header: (width: Int, height: Int), data: [UInt8], chunks: [[UInt8]] = []) -> [UInt8] {
        let ihdr = bigEndian(header.width) + bigEndian(header.height) + [8, 0, 0, 0, 0]
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", ihdr) + chunks.joined()
            + chunk("IDAT", data) + chunk("IEND", [])
    }

    static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + data
        return bigEndian(data.count) + body + bigEndian(Int(crc(body)))
    }

    /// A JPEG as far as its start of frame, after the given segments.
    static func jpegHeader(width: Int, height: Int, frame: UInt8 = 0xC0, before: [UInt8] = []) -> [UInt8] {
        let size = [UInt8(height >> 8), UInt8(height & 0xFF), UInt8(width >> 8), UInt8(width & 0xFF)]
        return [0xFF, 0xD8] + before + [0xFF, frame, 0, 11, 8] + size + [1, 1, 0x11, 0]
    }

    static func jpegSegment(_ marker: UInt8, _ data: [UInt8]) -> [UInt8] {
        [0xFF, marker, UInt8((data.count + 2) >> 8), UInt8((data.count + 2) & 0xFF)] + data
    }

    static let svg = Array(
        #"<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/><script>alert(1)</script></svg>"#
            .utf8)

    static let mvg = Array("push graphic-context\nviewbox 0 0 640 480\nimage over 0,0 0,0 '/etc/passwd'\n".utf8)

    /// Deflate's stored blocks in a zlib stream (RFC 1950, RFC 1951 3.2.4).
    private static func stored(_ bytes: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        var rest = bytes[...]
        repeat {
            let block = rest.prefix(0xFFFF)
            rest = rest.dropFirst(block.count)
            let length = UInt16(block.count)
            stream.append(rest.isEmpty ? 1 : 0)
            for value in [length, ~length] { stream += [UInt8(value & 0xFF), UInt8(value >> 8)] }
            stream += block
        } while !rest.isEmpty
        var (a, b): (UInt32, UInt32) = (1, 0)
        for byte in bytes { (a, b) = ((a + UInt32(byte)) % 65521, (a + b + UInt32(byte)) % 65521) }
        return stream + bigEndian(Int(b << 16 | a))
    }

    private static func bigEndian(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(value >> $0 & 0xFF) }
    }

    private static let crcTable: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
    }

    /// PNG's checksum (https://www.w3.org/TR/png-3/#D-CRCAppendix).
    private static func crc(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { crcTable[Int(($0 ^ UInt32($1)) & 0xFF)] ^ $0 >> 8 }
    }
}
