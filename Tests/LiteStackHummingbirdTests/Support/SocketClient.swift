#if Hummingbird
import Foundation
import NIOCore
import NIOPosix

/// A WebSocket client that can send what no well-behaved one would.
struct SocketClient {
    struct Frame: Equatable {
        var opcode: UInt8
        var bytes: [UInt8]

        var text: String { String(decoding: bytes, as: UTF8.self) }
        /// The code of a close.
        var code: Int { bytes.count < 2 ? 0 : Int(bytes[0]) << 8 | Int(bytes[1]) }
    }

    struct Refused: Error {
        let status: Int
        let text: String
    }

    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var buffer: [UInt8] = []
    /// The answer's head.
    private(set) var head = ""

    /// Opens a socket and runs `body` with it.
    static func open<T: Sendable>(
        port: Int, _ query: String = "", path: String = "/cable/socket", headers: [String] = [],
        _ body: (inout SocketClient) async throws -> T
    ) async throws -> T {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var client = SocketClient(inbound: inbound.makeAsyncIterator(), outbound: outbound)
            let lines =
                [
                    "GET \(path)?\(query) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Upgrade: websocket",
                    "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
                ] + headers
            try await client.write(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8))
            try await client.readHead()
            return try await body(&client)
        }
    }

    private mutating func readHead() async throws {
        while true {
            let text = String(decoding: buffer, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let status = Int(text.split(separator: " ")[1]) ?? 0
                buffer = Array(text[end.upperBound...].utf8)
                head = String(text[..<end.lowerBound])
                guard status == 101 else { throw Refused(status: status, text: text) }
                return
            }
            guard let more = try await inbound.next(isolation: #isolation) else { throw ChannelError.eof }
            buffer += more.readableBytesView
        }
    }

    func write(_ bytes: [UInt8]) async throws {
        try await outbound.write(ByteBuffer(bytes: bytes))
    }

    /// Sends one frame; masked with zeros, as far as it is masked.
    func send(
        _ bytes: [UInt8], opcode: UInt8 = 1, fin: Bool = true, isMasked: Bool = true, reserved: UInt8 = 0
    ) async throws {
        var frame = [(fin ? 0x80 : 0) | reserved | opcode]
        let mask: UInt8 = isMasked ? 0x80 : 0
        switch bytes.count {
        case ..<126: frame.append(mask | UInt8(bytes.count))
        case ..<65_536: frame += [mask | 126, UInt8(bytes.count >> 8), UInt8(bytes.count & 255)]
        default: frame += [mask | 127] + (0..<8).map { UInt8(truncatingIfNeeded: bytes.count >> (56 - 8 * $0)) }
        }
        try await write(frame + (isMasked ? [0, 0, 0, 0] : []) + bytes)
    }

    func send(_ text: String) async throws {
        try await send(Array(text.utf8))
    }

    /// The next frame; nil once the server has closed the connection.
    mutating func next() async throws -> Frame? {
        while true {
            if let frame = takeFrame() { return frame }
            do {
                guard let more = try await inbound.next(isolation: #isolation) else { return nil }
                buffer += more.readableBytesView
            } catch is IOError {
                return nil  // reset: it closed while we still sent
            }
        }
    }

    /// The next frame that is a text, or the code of a close.
    mutating func nextText() async throws -> String? {
        while let frame = try await next() {
            if frame.opcode == 1 { return frame.text }
            if frame.opcode == 8 { return "closed \(frame.code)" }
        }
        return nil
    }

    private mutating func takeFrame() -> Frame? {
        guard buffer.count >= 2 else { return nil }
        var (start, count) = (2, Int(buffer[1] & 0x7f))
        if count == 126 {
            guard buffer.count >= 4 else { return nil }
            (start, count) = (4, Int(buffer[2]) << 8 | Int(buffer[3]))
        } else if count == 127 {
            guard buffer.count >= 10 else { return nil }
            (start, count) = (10, buffer[2..<10].reduce(0) { $0 << 8 | Int($1) })
        }
        guard buffer.count >= start + count else { return nil }
        defer { buffer.removeFirst(start + count) }
        return Frame(opcode: buffer[0] & 0x0f, bytes: Array(buffer[start..<start + count]))
    }
}
#endif
