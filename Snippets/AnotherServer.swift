// A cable's clients at a server without Hummingbird: here SwiftNIO's own HTTP/1, and texts from wherever they come.
#if Hummingbird  // its trait brings SwiftNIO along
import LiteCable
import NIOCore
import NIOHTTP1
import NIOPosix

typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

/// Who asks, and for what: your own code. This one lets everybody listen to the news.
func grant(for head: HTTPRequestHead) throws -> Cable.Grant {
    try Cable.Grant(subject: "guest", channels: ["news"])
}

func begin(_ head: HTTPRequestHead, _ gateway: Cable.Gateway) async throws -> Cable.Session {
    // Before the client is looked up, so that a disconnect which comes meanwhile counts.
    let asked = try await gateway.cable.cursor()
    let cursor = head.headers.first(name: "Last-Event-ID").flatMap { Cable.Cursor($0) }
    return try await gateway.session(
        for: try grant(for: head), channels: ["news"], from: cursor.map { .after($0) } ?? .live, asked: asked)
}

func serve(_ connection: Connection, _ gateway: Cable.Gateway) async throws {
    try await connection.executeThenClose { inbound, outbound in
        var requests = inbound.makeAsyncIterator()
        guard case .head(let head)? = try await requests.next() else { return }
        let session: Cable.Session
        do {
            session = try await begin(head, gateway)
        } catch let error as CableError {
            // 401 for `unauthorised` and `expired`, 403 for `forbidden`: the guide on the wire protocol has them all.
            try await outbound.write(.head(HTTPResponseHead(version: .http1_1, status: .forbidden)))
            try await outbound.write(.body(.byteBuffer(ByteBuffer(string: #"{"error":"\#(error.code)"}"#))))
            return try await outbound.write(.end(nil))
        }
        // A quiet stream would not notice by itself that its client has left. A shutdown calls it as well.
        connection.channel.closeFuture.whenComplete { _ in session.stop() }
        let fields: HTTPHeaders = ["Content-Type": "text/event-stream", "Cache-Control": "no-store, no-transform"]
        try await outbound.write(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: fields)))
        _ = try await session.run { delivery in
            try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: WireFormat(delivery).serverSentEvent))))
        } ending: { end in
            let last = "event: end\ndata: {\"reason\":\"\(end.rawValue)\"}\n\n"
            try await outbound.write(.body(.byteBuffer(ByteBuffer(string: last))))
        }
        try await outbound.write(.end(nil))
    }
}

/// What carries texts both ways, such as another framework's WebSocket, hands them to a socket of the gateway.
func serve(
    _ texts: some AsyncSequence<String, Never> & Sendable, for grant: Cable.Grant, _ gateway: Cable.Gateway,
    send: @escaping @Sendable (String) async throws -> Void, close: @escaping @Sendable (Cable.End) async -> Void
) async throws {
    let socket = try gateway.socket(for: grant)
    try await socket.run(
        inbound: texts, send: { bytes in try await send(String(decoding: bytes, as: UTF8.self)) }, close: close)
}

// What follows runs them: a server, a client that opens a stream of events, and one that talks in texts.
let cable = try await Cable.open(at: "app.sqlite3")
let gateway = Cable.Gateway(cable)
let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    .bind(host: "127.0.0.1", port: 0) { channel in
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.configureHTTPServerPipeline()
            return try Connection(wrappingChannelSynchronously: channel)
        }
    }
let serving = Task {
    try await server.executeThenClose { connections in
        for try await connection in connections { try await serve(connection, gateway) }
    }
}

let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    .connect(host: "127.0.0.1", port: server.channel.localAddress?.port ?? 0) { channel in
        channel.eventLoop.makeCompletedFuture {
            try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
    }
try await client.executeThenClose { inbound, outbound in
    try await outbound.write(ByteBuffer(string: "GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"))
    var received = ""
    for try await part in inbound {
        if received.isEmpty { try await cable.publish("hello", to: "news") }
        received += String(buffer: part)
        if received.contains(#""data":"hello"}"#) { break }
    }
    precondition(received.contains("text/event-stream") && received.contains("hello"))
}

let (texts, said) = AsyncStream<String>.makeStream()
said.yield(#"{"do":"subscribe","id":"s","channels":["news"],"after":"\#(try await cable.cursor())"}"#)
try await cable.publish("again", to: "news")
try await serve(texts, for: Cable.Grant(subject: "guest", channels: ["news"]), gateway) { text in
    if text.contains(#""data":"again"}"#) { said.finish() }
} close: { _ in
    said.finish()
}
serving.cancel()
_ = await serving.result
await cable.close()
#endif
