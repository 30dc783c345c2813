import CLiteStackZlib

/// zlib, for values from 1 KiB on that it makes smaller by an eighth at least.
enum Compression {
    static let smallestByteCount = 1024

    struct Damaged: Error {}

    /// The length in eight bytes, then zlib's; nil if it does not pay.
    static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count >= smallestByteCount else { return nil }
        var length = compressBound(UInt(bytes.count))
        let compressed = [UInt8](unsafeUninitializedCapacity: Int(length) + 8) { buffer, count in
            withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { size in
                for index in 0..<8 { buffer[index] = size[index] }
            }
            let code = compress2(
                buffer.baseAddress! + 8, &length, bytes, UInt(bytes.count), Z_BEST_SPEED)
            count = code == Z_OK ? Int(length) + 8 : 0
        }
        guard !compressed.isEmpty, compressed.count <= bytes.count - bytes.count / 8 else { return nil }
        return compressed
    }

    /// - Throws: ``Damaged``.
    static func expand(_ bytes: [UInt8]) throws -> [UInt8] {
        guard bytes.count > 8 else { throw Damaged() }
        let size = bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        // zlib makes nothing more than 1,032 times smaller (https://zlib.net/zlib_tech.html).
        guard size <= UInt64(bytes.count) * 1_032 else { throw Damaged() }
        var length = UInt(size)
        var isWhole = false
        let expanded = [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
            bytes.withUnsafeBufferPointer { source in
                let code = uncompress(buffer.baseAddress!, &length, source.baseAddress! + 8, UInt(source.count - 8))
                isWhole = code == Z_OK && length == UInt(size)
            }
            count = isWhole ? Int(length) : 0
        }
        guard isWhole else { throw Damaged() }
        return expanded
    }
}
