#if Hummingbird
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// What was written of a body. The writer is consumed by its end, so this stands outside of it.
///
/// The bytes are let go as soon as they are too many, or it is too late to use them: of an endless body nothing is left.
final class BodyCopy: Sendable {
    private struct State {
        var bytes = ByteBuffer()
        var trailers: HTTPFields?
        var isGivenUp = false
        var isFinished = false
    }

    private let limit: Int
    private let isTooLate: @Sendable () -> Bool
    private let state = Mutex(State())

    /// - Parameters:
    ///   - limit: In bytes.
    ///   - isTooLate: Asked with each part.
    init(upTo limit: Int, isTooLate: @escaping @Sendable () -> Bool = { false }) {
        (self.limit, self.isTooLate) = (limit, isTooLate)
    }

    var bytes: ByteBuffer { state.withLock { $0.bytes } }
    var trailers: HTTPFields? { state.withLock { $0.trailers } }
    var isGivenUp: Bool { state.withLock { $0.isGivenUp } }

    /// All bytes of a body that was finished, and without trailers.
    ///
    /// - Parameter declared: How many were said to come.
    /// - Returns: Nil also if there are more or less than that.
    func whole(_ declared: Int?) -> ByteBuffer? {
        state.withLock { state in
            guard state.isFinished, !state.isGivenUp, state.trailers?.isEmpty ?? true,
                declared ?? state.bytes.readableBytes == state.bytes.readableBytes
            else { return nil }
            return state.bytes
        }
    }

    /// - Returns: Whether it is still whole.
    @discardableResult
    func append(_ buffer: ByteBuffer) -> Bool {
        state.withLock { state in
            guard !state.isGivenUp else { return false }
            guard state.bytes.readableBytes + buffer.readableBytes <= limit, !isTooLate() else {
                state.bytes = ByteBuffer()
                state.isGivenUp = true
                return false
            }
            state.bytes.writeImmutableBuffer(buffer)
            return true
        }
    }

    func giveUp() {
        state.withLock { state in
            state.bytes = ByteBuffer()
            state.isGivenUp = true
        }
    }

    func finish(_ trailers: HTTPFields?) {
        state.withLock { state in
            state.trailers = trailers
            state.isFinished = true
        }
    }
}

extension ResponseBody {
    /// A body that was collected.
    init(_ copy: BodyCopy) {
        let (bytes, trailers) = (copy.bytes, copy.trailers)
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
