#if Hummingbird
import NIOCore
import NIOWebSocket

/// The texts that a client's frames make, checked by the rules that NIO's decoder leaves to us: masks, reserved bits and
/// opcodes, the order of fragments, UTF-8, and the size of the whole.
struct SocketTexts: AsyncSequence {
    typealias Element = String

    let frames: NIOAsyncChannelInboundStream<WebSocketFrame>
    let maximumBytes: Int
    /// Is given each control frame.
    let answer: @Sendable (WebSocketFrame) async throws -> Void

    func makeAsyncIterator() -> Iterator {
        Iterator(frames: frames.makeAsyncIterator(), maximumBytes: maximumBytes, answer: answer)
    }

    struct Iterator: AsyncIteratorProtocol {
        var frames: NIOAsyncChannelInboundStream<WebSocketFrame>.AsyncIterator
        let maximumBytes: Int
        let answer: @Sendable (WebSocketFrame) async throws -> Void
        private var text: ByteBuffer?

        init(
            frames: NIOAsyncChannelInboundStream<WebSocketFrame>.AsyncIterator, maximumBytes: Int,
            answer: @escaping @Sendable (WebSocketFrame) async throws -> Void
        ) {
            self.frames = frames
            self.maximumBytes = maximumBytes
            self.answer = answer
        }

        mutating func next(isolation actor: isolated (any Actor)?) async throws -> String? {
            while let frame = try await frames.next(isolation: actor) {
                guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
                    throw SocketProblem(code: .protocolError)
                }
                switch frame.opcode {
                case .ping, .pong:
                    try await answer(frame)
                case .connectionClose:
                    try Self.check(closing: frame.unmaskedData)
                    try await answer(frame)
                    return nil
                case .text, .continuation:
                    if let text = try add(frame) { return text }
                case .binary:
                    throw SocketProblem(code: .unacceptableData)
                default:
                    throw SocketProblem(code: .protocolError)
                }
            }
            return nil
        }

        mutating func next() async throws -> String? {
            try await next(isolation: #isolation)
        }

        /// Adds a fragment; the whole text with the last one.
        private mutating func add(_ frame: WebSocketFrame) throws -> String? {
            guard (frame.opcode == .continuation) == (text != nil) else { throw SocketProblem(code: .protocolError) }
            var data = frame.unmaskedData
            var whole = text ?? ByteBuffer()
            guard whole.readableBytes + data.readableBytes <= maximumBytes else {
                throw SocketProblem(code: .messageTooLarge)
            }
            whole.writeBuffer(&data)
            text = frame.fin ? nil : whole
            guard frame.fin else { return nil }
            guard let string = String(validating: whole.readableBytesView, as: UTF8.self) else {
                throw SocketProblem(code: .dataInconsistentWithMessage)
            }
            return string
        }

        /// A close has no body, or a code that may be sent and a reason in UTF-8.
        private static func check(closing data: ByteBuffer) throws {
            var data = data
            guard data.readableBytes > 0 else { return }
            guard let code = data.readInteger(as: UInt16.self) else { throw SocketProblem(code: .protocolError) }
            let isSendable =
                (1_000...1_003).contains(code) || (1_007...1_014).contains(code) || (3_000...4_999).contains(code)
            guard isSendable else { throw SocketProblem(code: .protocolError) }
            guard String(validating: data.readableBytesView, as: UTF8.self) != nil else {
                throw SocketProblem(code: .dataInconsistentWithMessage)
            }
        }
    }
}
#endif
