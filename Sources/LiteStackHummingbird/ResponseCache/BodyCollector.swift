#if Hummingbird
import HTTPTypes
import Hummingbird
import NIOCore

/// Where a handler writes a body that shall be stored, and that no client gets as it comes.
struct BodyCollector: ResponseBodyWriter {
    /// The rest need not be made.
    private struct TooLong: Error {}

    let copy: BodyCopy

    mutating func write(_ buffer: ByteBuffer) async throws {
        guard copy.append(buffer) else { throw TooLong() }
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws { copy.finish(trailingHeaders) }

    /// A body; one that is given up if it has more bytes than the limit.
    static func collect(_ body: ResponseBody, upTo limit: Int) async throws -> BodyCopy {
        let copy = BodyCopy(upTo: limit)
        do {
            try await body.write(BodyCollector(copy: copy))
        } catch {
            // Otherwise it is the limit that stopped the handler.
            guard copy.isGivenUp else { throw error }
        }
        return copy
    }
}
#endif
