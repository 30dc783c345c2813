#if Hummingbird
import Hummingbird

extension RequestBody {
    /// Whether its connection can be watched through it.
    ///
    /// Of a body that has taken the place of a stream which had taken another's place, and of one that was made for a new
    /// request, Hummingbird no longer knows the connection: `consumeWithInboundCloseHandler` then ends the process, and
    /// nothing public tells before. What cannot be read here counts as one of those.
    var isOfConnection: Bool {
        let body = Mirror(reflecting: self)
        if body.descendant("_backing", "nioAsyncChannelRequestBody") != nil { return true }
        // What it holds, beside the connection's own body if that is known.
        return body.descendant("_backing", 0, 1, 0) != nil
    }
}
#endif
