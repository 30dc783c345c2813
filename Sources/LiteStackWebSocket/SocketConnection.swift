#if Hummingbird
import LiteCable
import NIOCore
import NIOWebSocket
import ServiceLifecycle
import Synchronization

/// One open socket: frames on one side, texts on the other (https://www.rfc-editor.org/rfc/rfc6455).
final class SocketConnection: Sendable {
    private let channel: any Channel
    private let outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>
    private let closeTimeout: Duration
    /// Whether the client showed that it is there since the last ping but one.
    private let unansweredPings = Atomic<Int>(0)
    private let hasSentClose = Atomic<Bool>(false)

    private init(
        _ channel: any Channel, _ outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>, closeTimeout: Duration
    ) {
        self.channel = channel
        self.outbound = outbound
        self.closeTimeout = closeTimeout
    }

    /// Serves until one side closes.
    static func serve(
        _ frames: NIOAsyncChannel<WebSocketFrame, WebSocketFrame>, _ socket: Cable.Socket,
        _ limits: Cable.Gateway.Limits
    ) async throws {
        try await frames.executeThenClose { inbound, outbound in
            let connection = SocketConnection(frames.channel, outbound, closeTimeout: limits.stallTimeout)
            // Nothing else would tell an open socket that its server shuts down.
            try await withGracefulShutdownHandler {
                try await connection.serve(inbound, socket, limits)
            } onGracefulShutdown: {
                socket.stop()
            }
        }
    }

    private func serve(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>, _ socket: Cable.Socket,
        _ limits: Cable.Gateway.Limits
    ) async throws {
        do {
            let texts = SocketTexts(
                frames: inbound, maximumBytes: limits.maximumCommandBytes,
                answer: { [self] frame in try await answer(frame) })
            try await socket.run(inbound: texts) { [self] text in
                try await send(.text, ByteBuffer(bytes: text))
            } heartbeat: { [self] in
                guard unansweredPings.add(1, ordering: .relaxed).oldValue < 2 else { throw ChannelError.eof }
                try await send(.ping, ByteBuffer())
            } close: { [self] end in
                await close(Self.code(for: end))
            }
        } catch let problem as SocketProblem {
            await close(problem.code)
        } catch let error as NIOWebSocketError {
            await close(error == .invalidFrameLength ? .messageTooLarge : .protocolError)
        }
    }

    /// Pings are answered, pongs noted, a close is returned.
    private func answer(_ frame: WebSocketFrame) async throws {
        unansweredPings.store(0, ordering: .relaxed)
        switch frame.opcode {
        case .ping: try await send(.pong, frame.unmaskedData)
        case .connectionClose:
            var data = frame.unmaskedData
            let code = data.readWebSocketErrorCode() ?? .normalClosure
            await close(code)
        default: break
        }
    }

    private func send(_ opcode: WebSocketOpcode, _ data: ByteBuffer) async throws {
        try await outbound.write(WebSocketFrame(fin: true, opcode: opcode, data: data))
    }

    /// Sends a close, once, and ends the connection: the client has nothing to say after it.
    private func close(_ code: WebSocketErrorCode) async {
        guard !hasSentClose.exchange(true, ordering: .relaxed) else { return }
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        // One that is gone or takes nothing is closed all the same.
        let late = channel.eventLoop.scheduleTask(in: TimeAmount(closeTimeout)) { [channel] in
            channel.close(promise: nil)
        }
        defer { late.cancel() }
        try? await outbound.write(WebSocketFrame(fin: true, opcode: .connectionClose, data: data))
        try? await channel.close()
    }

    private static func code(for end: Cable.End) -> WebSocketErrorCode {
        switch end {
        case .expired: WebSocketErrorCode(codeNumber: 4001)
        case .disconnected: WebSocketErrorCode(codeNumber: 4003)
        case .closed: .goingAway
        }
    }
}

/// What a client did that ends its connection.
struct SocketProblem: Error {
    let code: WebSocketErrorCode
}
#endif
