#if Hummingbird
import HTTPTypes
import Hummingbird
import LiteCable
import NIOCore
import ServiceLifecycle

/// A session as a `text/event-stream`.
enum EventStream {
    /// Where a client that comes back goes on. An id that is none of ours stands for a place of another log, and is told
    /// as a gap.
    static func start(of request: Request) -> Cable.Start? {
        request.headers[.lastEventID].map { .after(Cable.Cursor($0) ?? unknown) }
    }

    /// A place of no log.
    static var unknown: Cable.Cursor {
        guard let cursor = Cable.Cursor("0000000000000000-0") else { preconditionFailure("a cursor has this form") }
        return cursor
    }

    /// The response. It ends with the session, which ends when the client leaves or the server shuts down.
    static func response(
        to request: Request, _ session: Cable.Session,
        encode: @escaping @Sendable (Cable.Delivery) -> [UInt8]
    ) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream",
                // A proxy neither keeps nor compresses it, and nginx does not hold it back.
                .cacheControl: "no-store, no-transform",
                .xAccelBuffering: "no",
            ],
            body: ResponseBody { writer in
                let stream = StreamWriter(writer)
                if request.body.isOfConnection {
                    // A quiet stream would not notice by itself that nobody reads it any more.
                    try await request.body.consumeWithInboundCloseHandler { _ in
                        try await serve(session, to: stream, encode)
                    } onInboundClosed: {
                        session.stop()
                    }
                } else {
                    // Its next heartbeats notice it.
                    try await serve(session, to: stream, encode)
                }
                try await writer.finish(nil)
            }
        )
    }

    private static func serve(
        _ session: Cable.Session, to stream: StreamWriter, _ encode: (Cable.Delivery) -> [UInt8]
    ) async throws {
        // Without this a server that shuts down waits for every open stream.
        try await withGracefulShutdownHandler {
            try await stream.write(Array("retry: 2000\n\n".utf8))
            try await pass(session, to: stream, encode)
        } onGracefulShutdown: {
            session.stop()
        }
    }

    /// The response's writer for closures that cannot take it `inout`.
    ///
    /// `@unchecked Sendable`: only the task that answers the request writes.
    private final class StreamWriter: @unchecked Sendable {
        private var writer: any ResponseBodyWriter

        init(_ writer: any ResponseBodyWriter) {
            self.writer = writer
        }

        func write(_ bytes: [UInt8]) async throws {
            try await writer.write(ByteBuffer(bytes: bytes))
        }
    }

    private static func pass(
        _ session: Cable.Session, to stream: StreamWriter, _ encode: (Cable.Delivery) -> [UInt8]
    ) async throws {
        func end(_ reason: String) async throws {
            try await stream.write(Array("event: end\ndata: {\"reason\":\"\(reason)\"}\n\n".utf8))
        }
        do {
            _ = try await session.run { delivery in
                try await stream.write(encode(delivery))
            } ending: { reason in
                try await end(reason.rawValue)
            }
        } catch let error as CableError where error.code == .unauthorised || error.code == .expired {
            // It stopped counting between the answer's head and its body.
            try await end(error.code.description)
        }
    }
}

extension HTTPField.Name {
    static var lastEventID: Self { Self("Last-Event-ID")! }
    /// Tells nginx not to hold the stream back.
    static var xAccelBuffering: Self { Self("X-Accel-Buffering")! }
}
#endif
