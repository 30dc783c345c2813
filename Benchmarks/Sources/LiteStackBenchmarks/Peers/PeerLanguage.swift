/// How a cache of others is told to get and to set, and how long its answer is. Keys have 11 bytes, values 100.
struct PeerLanguage: Sendable {
    let get: @Sendable (_ key: String) -> [UInt8]
    let set: @Sendable (_ key: String, _ value: [UInt8]) -> [UInt8]
    let gotCount: Int
    let storedCount: Int

    /// RESP (https://redis.io/docs/latest/develop/reference/protocol-spec/).
    static let redis = PeerLanguage(
        get: { key in Array("*2\r\n$3\r\nGET\r\n$\(key.utf8.count)\r\n\(key)\r\n".utf8) },
        set: { key, value in
            Array("*3\r\n$3\r\nSET\r\n$\(key.utf8.count)\r\n\(key)\r\n$\(value.count)\r\n".utf8) + value
                + Array("\r\n".utf8)
        },
        gotCount: "$100\r\n".utf8.count + 102, storedCount: "+OK\r\n".utf8.count)

    /// https://github.com/memcached/memcached/blob/master/doc/protocol.txt
    static let memcached = PeerLanguage(
        get: { key in Array("get \(key)\r\n".utf8) },
        set: { key, value in Array("set \(key) 0 0 \(value.count)\r\n".utf8) + value + Array("\r\n".utf8) },
        gotCount: "VALUE user:000000 0 100\r\n".utf8.count + 102 + "END\r\n".utf8.count,
        storedCount: "STORED\r\n".utf8.count)
}
