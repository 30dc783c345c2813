/// Small data that become large.
enum Bombs {
    /// A zlib stream of that many zeros, about a thousandth of their size.
    ///
    /// One block with fixed codes (RFC 1951, 3.2.6): a zero, then copies of 258 bytes at distance 1. Its checksum is
    /// that of zeros: a is 1 and b is the count.
    static func zeros(count: Int) -> [UInt8] {
        var bits = Bits()
        bits.append(0b011, count: 3)  // the last block, fixed codes; low bit first
        bits.appendCode(0x30, count: 8)  // literal 0
        var left = count - 1
        while left >= 258 {
            bits.appendCode(0b1100_0101, count: 8)  // length 258
            bits.appendCode(0, count: 5)  // distance 1
            left -= 258
        }
        for _ in 0..<left { bits.appendCode(0x30, count: 8) }
        bits.appendCode(0, count: 7)  // end of block
        let b = UInt32(count % 65521)
        let checksum = b << 16 | 1
        return [0x78, 0x01] + bits.bytes + [24, 16, 8, 0].map { UInt8(checksum >> UInt32($0) & 0xFF) }
    }

    private struct Bits {
        var bytes: [UInt8] = []
        private var used = 8

        mutating func append(_ value: Int, count: Int) {
            for bit in 0..<count { append(value >> bit & 1) }
        }

        /// Huffman codes begin with their high bit.
        mutating func appendCode(_ value: Int, count: Int) {
            for bit in (0..<count).reversed() { append(value >> bit & 1) }
        }

        private mutating func append(_ bit: Int) {
            if used == 8 {
                bytes.append(0)
                used = 0
            }
            bytes[bytes.count - 1] |= UInt8(bit << used)
            used += 1
        }
    }
}
