extension ImageHeader {
    /// Markers with their segments, each FF, a code and a length, up to the start of frame, which has the height and
    /// the width (ITU T.81, B.1.1 and B.2.2).
    init?(jpeg bytes: [UInt8]) {
        guard bytes.starts(with: [0xFF, 0xD8, 0xFF]) else { return nil }
        var position = 2
        while position + 4 <= bytes.count {
            guard bytes[position] == 0xFF else { return nil }
            let marker = bytes[position + 1]
            switch marker {
            case 0xFF:  // fill byte
                position += 1
            case 0x01, 0xD0...0xD8:  // stand alone, without a length
                position += 2
            case 0xD9, 0xDA:  // the picture ends, or its data begin, before any frame
                return nil
            default:
                let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
                guard length >= 2, position + 2 + length <= bytes.count else { return nil }
                if Self.startsFrame(marker) {
                    // length (2), precision (1), height (2), width (2), …
                    guard length >= 8 else { return nil }
                    let height = Int(bytes[position + 5]) << 8 | Int(bytes[position + 6])
                    let width = Int(bytes[position + 7]) << 8 | Int(bytes[position + 8])
                    self.init(type: .jpeg, width: width, height: height)
                    return
                }
                position += 2 + length
            }
        }
        return nil
    }

    /// C0 to CF are frames, but for the tables among them: Huffman (C4), JPEG extensions (C8), arithmetic coding (CC).
    private static func startsFrame(_ marker: UInt8) -> Bool {
        (0xC0...0xCF).contains(marker) && marker != 0xC4 && marker != 0xC8 && marker != 0xCC
    }
}
