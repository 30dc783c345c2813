#if Hummingbird
import HTTPTypes
import Hummingbird
import NIOCore

/// Writes a body to its client as it comes, and copies it.
///
/// The client sets the pace, and gets everything, also where the copy is given up.
struct BodyTee: ResponseBodyWriter {
    var client: any ResponseBodyWriter
    let copy: BodyCopy

    @concurrent mutating func write(_ buffer: ByteBuffer) async throws {
        copy.append(buffer)
        do {
            try await client.write(buffer)
        } catch {
            copy.giveUp()
            throw error
        }
    }

    @concurrent mutating func write(contentsOf buffers: some Sequence<ByteBuffer>) async throws {
        // A sequence may be there for one pass only.
        let buffers = Array(buffers)
        for buffer in buffers { copy.append(buffer) }
        do {
            try await client.write(contentsOf: buffers)
        } catch {
            copy.giveUp()
            throw error
        }
    }

    @concurrent consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        let copy = copy
        try await client.finish(trailingHeaders)
        copy.finish(trailingHeaders)
    }
}
#endif
