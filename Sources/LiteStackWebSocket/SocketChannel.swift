#if Hummingbird
import HTTPTypes
import Hummingbird
import HummingbirdCore
import LiteCable
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket
import Synchronization

/// A connection that is HTTP, or becomes a socket with its first request.
struct SocketChannel: ServerChildChannel, HTTPChannelHandler {
    typealias HTTP = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>
    typealias Frames = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

    enum Kind: Sendable {
        case http(HTTP)
        case socket(Frames, Cable.Socket)
    }

    struct Value: ServerChildChannelValue {
        let kind: EventLoopFuture<Kind>
        let channel: any Channel
    }

    let responder: HTTPChannelHandler.Responder
    let entrance: SocketEntrance

    /// The socket that was granted between the two steps of an upgrade.
    private final class Granted: Sendable {
        let socket = Mutex<Cable.Socket?>(nil)
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let granted = Granted()
            let undecided = UndecidedHandler()
            try channel.pipeline.syncOperations.addHandler(undecided)
            // One text more than a command may have, so that a long one is told apart from a broken frame.
            let upgrader = NIOTypedWebSocketServerUpgrader<Kind>(
                maxFrameSize: entrance.gateway.limits.maximumCommandBytes + 1, enableAutomaticErrorHandling: false,
                shouldUpgrade: { channel, head in
                    channel.eventLoop.makeFutureWithTask { [entrance] in
                        switch await entrance.answer(to: head, logger) {
                        case .open(let socket, let subprotocol):
                            granted.socket.withLock { $0 = socket }
                            return HTTPHeaders(subprotocol.map { [("Sec-WebSocket-Protocol", $0)] } ?? [])
                        case .refuse(let status, let code):
                            // NIO leaves a refused upgrade without an answer, and the client would wait for ever.
                            try await Self.refuse(channel, status, code)
                            return nil
                        }
                    }
                },
                upgradePipelineHandler: { channel, _ in
                    channel.eventLoop.makeCompletedFuture {
                        let frames = try Frames(wrappingChannelSynchronously: channel)
                        guard let socket = granted.socket.withLock({ $0.take() }) else { throw ChannelError.eof }
                        return .socket(frames, socket)
                    }
                })
            var configuration = NIOUpgradableHTTPServerPipelineConfiguration(
                upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration(upgraders: [upgrader]) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(HTTP1ToHTTPServerCodec(secure: false))
                        try channel.pipeline.syncOperations.addHandler(HTTPConnectionStateHandler(logger: logger))
                        return .http(
                            try HTTP(
                                wrappingChannelSynchronously: channel,
                                configuration: .init(isOutboundHalfClosureEnabled: true)))
                    }
                })
            configuration.enablePipelining = false
            configuration.enableErrorHandling = false
            configuration.enableResponseHeaderValidation = false
            let kind = try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
                configuration: configuration)
            kind.assumeIsolated().whenComplete { [pipeline = channel.pipeline.syncOperations] _ in
                // One that is gone has taken it along.
                pipeline.removeHandler(undecided, promise: nil)
            }
            return Value(kind: kind, channel: channel)
        }
    }

    private static func refuse(_ channel: any Channel, _ status: HTTPResponse.Status, _ code: String) async throws {
        let body = ByteBuffer(string: #"{"error":"\#(code)"}"#)
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: status.code),
            headers: [
                "Content-Type": "application/json", "Content-Length": "\(body.readableBytes)", "Connection": "close",
            ])
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        channel.write(HTTPServerResponsePart.body(.byteBuffer(body)), promise: nil)
        try await channel.writeAndFlush(HTTPServerResponsePart.end(nil))
        try await channel.close()
    }

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.kind.get() {
            case .http(let channel):
                await handleHTTP(asyncChannel: channel, logger: logger)
            case .socket(let frames, let socket):
                try await SocketConnection.serve(frames, socket, entrance.gateway.limits)
            }
        } catch {
            // Refused, or gone before it was anything: there is nobody to tell.
            logger.trace("A connection ended early", metadata: ["error": "\(error)"])
        }
    }
}
#endif
