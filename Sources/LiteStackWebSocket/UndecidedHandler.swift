#if Hummingbird
import NIOCore
import NIOExtras

/// Closes a connection that has not asked for anything yet when its server shuts down, such as one that a browser has opened
/// ahead. Once it is HTTP or a socket, what serves it does that.
final class UndecidedHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
#endif
