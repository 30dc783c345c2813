import Testing

@testable import LiteCache

@Suite struct SipHashTests {
    /// Made with the reference implementation's algorithm for one and three rounds and the key 00 01 … 0f, over the
    /// texts of 0, 1, 8 and 15 bytes 00 01 02 ….
    @Test(
        arguments: zip(
            [0, 1, 8, 15],
            [0xabac_0158_050f_c4dc, 0xc9f4_9bf3_7d57_ca93, 0x3690_9511_8d29_9a8e, 0xd320_d86d_2a51_9956] as [UInt64]))
    func `it gives what the reference gives`(count: Int, expected: UInt64) {
        let hash = SipHash(key: Array(0..<16))
        let bytes = Array(UInt8(0)..<UInt8(count))
        #expect(bytes.withUnsafeBytes { hash.hash($0) } == expected)
    }
}
