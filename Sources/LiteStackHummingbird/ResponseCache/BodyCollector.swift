#if Hummingbird
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Where a handler writes a body that shall be stored.
struct BodyCollector: ResponseBodyWriter {
    /// What was written. The writer is consumed by its end, so this stands outside of it.
    final class Content: Sendable {
        private let state = Mutex<(bytes: ByteBuffer, trailers: HTTPFields?)>((ByteBuffer(), nil))

        var bytes: ByteBuffer { state.withLock { $0.bytes } }
        var trailers: HTTPFields? { state.withLock { $0.trailers } }

        fileprivate func append(_ buffer: ByteBuffer) {
            state.withLock { state in _ = state.bytes.writeImmutableBuffer(buffer) }
        }

        fileprivate func end(_ trailers: HTTPFields?) { state.withLock { $0.trailers = trailers } }
    }

    let content: Content

    mutating func write(_ buffer: ByteBuffer) async throws { content.append(buffer) }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws { content.end(trailingHeaders) }

    /// The bytes of a body, and its trailers.
    static func collect(_ body: ResponseBody) async throws -> Content {
        let content = Content()
        try await body.write(BodyCollector(content: content))
        return content
    }
}

extension ResponseBody {
    /// A body that was collected.
    init(_ content: BodyCollector.Content) {
        let (bytes, trailers) = (content.bytes, content.trailers)
        guard let trailers else {
            self.init(byteBuffer: bytes)
            return
        }
        self.init(contentLength: bytes.readableBytes) { writer in
            try await writer.write(bytes)
            try await writer.finish(trailers)
        }
    }
}
#endif
