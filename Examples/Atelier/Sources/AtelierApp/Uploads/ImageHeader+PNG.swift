extension ImageHeader {
    /// The signature, then a chunk IHDR of 13 bytes that begins with width and height, each 4 bytes, big-endian
    /// (https://www.w3.org/TR/png-3/#11IHDR).
    init?(png bytes: [UInt8]) {
        let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        let headerChunk: [UInt8] = [0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]
        guard bytes.count >= 33, bytes.starts(with: signature), bytes[8..<16].elementsEqual(headerChunk) else {
            return nil
        }
        let width = bytes[16..<20].reduce(0) { $0 << 8 | Int($1) }
        let height = bytes[20..<24].reduce(0) { $0 << 8 | Int($1) }
        // A PNG's sides have 31 bits.
        guard width <= 0x7FFF_FFFF, height <= 0x7FFF_FFFF else { return nil }
        self.init(type: .png, width: width, height: height)
    }
}
