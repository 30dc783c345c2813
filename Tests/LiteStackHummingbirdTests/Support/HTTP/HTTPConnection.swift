#if Hummingbird
import NIOCore
import NIOHTTP1
import NIOPosix

/// One connection to the server under test, for requests that no well-behaved client would send.
struct HTTPConnection {
    struct Answer {
        let status: Int
        let headers: HTTPHeaders
        let body: String
        let bytes: [UInt8]
    }

    private typealias Channel = NIOAsyncChannel<HTTPClientResponsePart, HTTPPart<HTTPRequestHead, ByteBuffer>>

    let port: Int

    /// Sends a request and reads the whole answer. The server may answer before it has the whole body.
    func send(
        _ method: HTTPMethod, _ path: String, headers: [(String, String)] = [], body: [UInt8] = [],
        declaresLength: Bool = true
    ) async throws -> Answer {
        var fields = HTTPHeaders([("Connection", "close")] + headers)
        if !fields.contains(name: "Host") { fields.add(name: "Host", value: "127.0.0.1:\(port)") }
        if !body.isEmpty {
            fields.add(
                name: declaresLength ? "Content-Length" : "Transfer-Encoding",
                value: declaresLength ? "\(body.count)" : "chunked")
        }
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: fields)
        return try await open().executeThenClose { inbound, outbound in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // A server that refuses early closes the connection: the answer tells why, not the write.
                    try? await outbound.write(.head(head))
                    for part in stride(from: 0, to: body.count, by: 1 << 16) {
                        let chunk = ByteBuffer(bytes: body[part..<min(part + 1 << 16, body.count)])
                        guard (try? await outbound.write(.body(chunk))) != nil else { return }
                    }
                    try? await outbound.write(.end(nil))
                }
                var status = 0
                var answerHeaders = HTTPHeaders()
                var bytes: [UInt8] = []
                reading: for try await part in inbound {
                    switch part {
                    case .head(let head):
                        status = Int(head.status.code)
                        answerHeaders = head.headers
                    case .body(let buffer): bytes += buffer.readableBytesView
                    case .end: break reading
                    }
                }
                group.cancelAll()
                return Answer(
                    status: status, headers: answerHeaders, body: String(decoding: bytes, as: UTF8.self), bytes: bytes)
            }
        }
    }

    /// Opens a stream of events and passes its lines to `body`, without their ends.
    func lines<T: Sendable>(
        _ path: String, headers: [(String, String)] = [],
        _ body: (_ answer: HTTPResponseHead, _ lines: inout Lines) async throws -> T
    ) async throws -> T {
        let fields = HTTPHeaders([("Host", "127.0.0.1:\(port)")] + headers)
        return try await open().executeThenClose { inbound, outbound in
            try await outbound.write(
                .head(HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: fields)))
            try await outbound.write(.end(nil))
            var lines = Lines(parts: inbound.makeAsyncIterator())
            guard case .head(let head)? = try await lines.parts.next(isolation: #isolation) else {
                throw ChannelError.eof
            }
            return try await body(head, &lines)
        }
    }

    /// The lines of an endless body.
    struct Lines {
        fileprivate var parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator
        private var text = ""

        fileprivate init(parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator) {
            self.parts = parts
        }

        /// The next line; nil at the end of the body.
        mutating func next() async throws -> String? {
            while true {
                if let end = text.firstIndex(of: "\n") {
                    defer { text.removeSubrange(...end) }
                    return String(text[..<end])
                }
                guard case .body(let buffer)? = try await parts.next(isolation: #isolation) else { return nil }
                text += String(buffer: buffer)
            }
        }

        /// The lines up to the next empty one; nil at the end of the body.
        mutating func event() async throws -> [String]? {
            var lines: [String] = []
            while let line = try await next() {
                if line.isEmpty { return lines }
                lines.append(line)
            }
            return nil
        }
    }

    private func open() async throws -> Channel {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(RequestParts())
                    return try Channel(wrappingChannelSynchronously: channel)
                }
            }
    }
}
#endif
